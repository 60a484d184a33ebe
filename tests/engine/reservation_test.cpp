/// Memory that is kept for models, between threads and processes.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/load_planned.h"
#include "berth/simulated.h"
#include "engine/plan_here.h"
#include "engine/reservation.h"
#include "engine/run_folder.h"
#include "machine_of.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t gib = 1ULL << 30;
const Device gpu = Device::gpu(0);

DeviceUse use_of(const Device& device, std::uint64_t weights, std::uint64_t cache = 0) {
  return {
      .device = device, .key = {.uuid = device == Device::cpu() ? "" : "GPU-1"}, .weights = weights, .cache = cache};
}

class ReservationTest : public testing::Test {
 protected:
  void SetUp() override { setenv("BERTH_RUN_DIR", folder_.path().c_str(), 1); }
  void TearDown() override { unsetenv("BERTH_RUN_DIR"); }

  /// What a child process does with a reservation of its own until it is let go.
  template <class End>
  void in_another_process(const End& end) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const auto child = fork();
    if (child == 0) {
      Reservation kept("/models/other.gguf", {use_of(gpu, 3 * gib)});
      (void)!write(ready[1], "x", 1);
      for (;;) pause();
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    end(child);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
  }

  test::TemporaryFolder folder_;
};

TEST_F(ReservationTest, IsSeenAsLongAsItLives) {
  EXPECT_THAT(running_models(), IsEmpty());
  {
    const Reservation kept("/models/a.gguf", {use_of(gpu, gib, 100)});
    const auto models = running_models();
    ASSERT_THAT(models, SizeIs(1));
    EXPECT_EQ(models[0].pid, getpid());
    EXPECT_EQ(models[0].path, "/models/a.gguf");
    EXPECT_EQ(models[0].program, "engine_test");
    EXPECT_THAT(models[0].kept, ElementsAre(use_of(gpu, gib, 100)));
  }
  EXPECT_THAT(running_models(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ReservationTest, KeepsWhatIsNotHeldYet) {
  Reservation kept("/models/a.gguf", {use_of(gpu, gib, 100), use_of(Device::cpu(), 50)});
  kept.set_held({use_of(gpu, gib, 30)});
  const auto model = running_models().at(0);
  EXPECT_THAT(model.held, ElementsAre(use_of(gpu, gib, 30)));
  EXPECT_THAT(model.kept, ElementsAre(use_of(gpu, 0, 70), use_of(Device::cpu(), 50)));
  EXPECT_EQ(RunningModel::from_dict(Value::from_json(model.to_dict().to_json())), model);
}

TEST_F(ReservationTest, KeepsNothingOfTheDisk) {
  const Reservation kept("/models/a.gguf", {use_of(gpu, gib), use_of(Device::disk(), 3 * gib)});
  EXPECT_THAT(running_models().at(0).kept, ElementsAre(use_of(gpu, gib)));
}

TEST_F(ReservationTest, OfAnotherProcessLeavesLessToPlanWith) {
  auto machine = simulate("cpu:8GiB,cuda:8GiB");
  machine.origin = InventoryOrigin::this_machine;
  machine.devices[1].uuid = "GPU-1";
  in_another_process([&](pid_t other) {
    const auto models = running_models();
    ASSERT_THAT(models, SizeIs(1));
    EXPECT_EQ(models[0].pid, other);
    const auto rest = without_reserved(machine, models);
    EXPECT_EQ(rest.find(gpu)->free_bytes, machine.find(gpu)->free_bytes - 3 * gib);
    EXPECT_EQ(rest.pool(rest.find(gpu)->pool)->free_bytes, machine.find(gpu)->free_bytes - 3 * gib);
    EXPECT_EQ(rest.find(Device::cpu())->free_bytes, machine.find(Device::cpu())->free_bytes);
  });
}

TEST_F(ReservationTest, OfAProcessThatWasKilledIsForgotten) {
  in_another_process([](pid_t) {});
  EXPECT_THAT(running_models(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "and its files are removed";
}

TEST_F(ReservationTest, WhatAProcessHadOnlyBegunIsRemovedOnceItIsGone) {
  const auto write = [&](const char* name) { std::ofstream(folder_.path() / name) << "{"; };
  const auto is_there = [&](const char* name) { return std::filesystem::exists(folder_.path() / name); };
  write("7-0.lock");
  write("8-0.lock");
  write(".8-0.json.1f2e3d4c");
  write(".9-0.json.1f2e3d4c");
  write("a note");
  const auto living = lock_file(folder_.path() / "10-0.lock");
  write(".10-0.json.1f2e3d4c");
  EXPECT_THAT(running_models(), IsEmpty());
  for (const char* gone : {"7-0.lock", "8-0.lock", ".8-0.json.1f2e3d4c", ".9-0.json.1f2e3d4c"})
    EXPECT_FALSE(is_there(gone)) << gone;
  for (const char* kept : {"10-0.lock", ".10-0.json.1f2e3d4c", "a note"}) EXPECT_TRUE(is_there(kept)) << kept;
}

TEST_F(ReservationTest, FilesOfOthersAreNotBelieved) {
  const Reservation kept("/models/a.gguf", {});
  std::ofstream(folder_.path() / "1-0.json") << R"({"pid": 1, "path": "/x", "held": [], "kept": [], "since": 0})";
  EXPECT_THAT(running_models(), SizeIs(1)) << "nobody holds its lock";
  const auto lock = lock_file(folder_.path() / "2-0.lock");
  std::ofstream(folder_.path() / "2-0.json") << "{\"pid\": [[[";
  const auto in_use = lock_file(folder_.path() / "2-0.lock");
  EXPECT_FALSE(in_use) << "a lock has one owner";
  EXPECT_THAT(running_models(), SizeIs(1)) << "what makes no sense is left out";
}

TEST_F(ReservationTest, AFolderThatOthersMayWriteIntoIsNotUsed) {
  chmod(folder_.path().c_str(), 0777);
  EXPECT_FALSE(run_folder());
  const Reservation kept("/models/a.gguf", {});
  EXPECT_THAT(running_models(), IsEmpty());
}

TEST_F(ReservationTest, TwoPlansNeverCountTheSameBytes) {
  BERTH_NEEDS_MODEL();
  const auto profile = read_model(test::model_path());
  const auto machine = [] { return simulate("cpu:200MiB"); };
  const PlanRequest request{.context = {.n_ctx = 1024}};
  const auto first = accept_plan(profile, request, machine);
  EXPECT_THROW(accept_plan(profile, request, machine), ModelDoesNotFit);
}

TEST_F(ReservationTest, TwoModelsOnASimulatedMachineShareWhatItHas) {
  BERTH_NEEDS_MODEL();
  const auto profile = read_model(test::model_path());
  const auto machine = simulate("cpu:8GiB,vulkan:230MiB");
  use_simulated(machine);
  const PlanRequest request{.context = {.n_ctx = 1024}};
  const auto bytes_there = [](const PlannedModel& model) {
    const auto use = std::ranges::find(model.plan.use, Device::vulkan(0), &DeviceUse::device);
    return use == model.plan.use.end() ? 0 : use->total();
  };
  const auto first = load_planned(engine("llama.cpp"), profile, machine, request);
  const auto second = load_planned(engine("llama.cpp"), profile, machine, request);
  EXPECT_THAT(second.steps_down, IsEmpty());
  EXPECT_GT(bytes_there(first), 100 * (1ULL << 20));
  EXPECT_LE(bytes_there(first) + bytes_there(second), 230 * (1ULL << 20));
}

TEST_F(ReservationTest, AnIsolatedModelTakesOfTheSimulatedMachineOfItsOwner) {
  BERTH_NEEDS_MODEL();
  const auto machine = simulate("cpu:8GiB,vulkan:150MiB");
  use_simulated(machine);
  const auto vulkan = Device::vulkan(0);
  LoadRequest request{.model = test::model_path(),
                      .device = vulkan,
                      .keys = machine.keys(vulkan),
                      .context = ContextSpec{.n_ctx = 512},
                      .isolation = Isolation::process,
                      .max_recoveries = 0};
  const auto first = engine("llama.cpp").load(request);
  ASSERT_THAT(running_models(), SizeIs(1));
  EXPECT_EQ(running_models()[0].pid, first->info().host_pid);
  EXPECT_EQ(running_models()[0].owner, getpid());
  const auto held = machine.find(vulkan)->free_bytes - machine_here().find(vulkan)->free_bytes;
  EXPECT_GT(held, 80 * (1ULL << 20)) << "no plan counts it again";
  EXPECT_THROW(engine("llama.cpp").load(request), EngineError) << "another one has what the first one leaves";
}

TEST_F(ReservationTest, OfAnotherProcessTakesNothingOfASimulatedMachine) {
  const auto machine = simulate("cpu:8GiB,cuda:8GiB");
  in_another_process([&](pid_t) { EXPECT_EQ(without_reserved(machine, running_models()), machine); });
}

TEST_F(ReservationTest, OfALoadedModelTellsWhatItHolds) {
  BERTH_NEEDS_MODEL();
  const auto profile = read_model(test::model_path());
  const auto machine = simulate("cpu:8GiB,vulkan:8GiB");
  use_simulated(machine);
  const auto accepted = accept_plan(profile, {.context = {.n_ctx = 512}}, [&] { return machine; });
  const auto request = LoadRequest::of(accepted.plan, profile.path);
  const auto model = engine("llama.cpp").load(request, {.reservation = accepted.reservation});
  const auto session = model->new_session();
  const auto before = running_models().at(0);
  session->generate({.prompts = {"One, two,"}, .options = {.max_new_tokens = 2}});
  const auto after = running_models().at(0);
  const auto cache = [](const std::vector<DeviceUse>& uses) {
    std::uint64_t bytes = 0;
    for (const auto& use : uses) bytes += use.cache;
    return bytes;
  };
  EXPECT_EQ(cache(before.held), 0U);
  EXPECT_GT(cache(after.held), 0U);
  EXPECT_EQ(cache(before.kept), cache(after.kept) + cache(after.held));
}

}  // namespace
}  // namespace berth
