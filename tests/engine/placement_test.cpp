/// Models whose parts lie on several devices, and where they really do.
#include <gmock/gmock.h>

#include <cstdlib>
#include <random>

#include "berth/convert.h"
#include "berth/engine.h"
#include "berth/error.h"
#include "berth/memory.h"
#include "berth/simulated.h"
#include "engine/device_bytes.h"
#include "engine/engine_here.h"
#include "real_worker.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

/// A map in which every part of the model, or a part of a part, lies anywhere.
DeviceMap random_map(std::mt19937& random, const std::vector<Device>& devices, int layers) {
  const auto any = [&] { return devices[random() % devices.size()]; };
  DeviceMap map{{"", any()}};
  const Device ends = any();  // the output is the tensor of the embeddings
  map.set("model.embed_tokens", random() % 2 == 0 ? Device::cpu() : ends);
  map.set("lm_head", ends);
  map.set("model.norm", any());
  int runs = 0;
  for (int i = 0; i < layers && runs < 14; i += 1 + static_cast<int>(random() % 8), ++runs) {
    const auto device = any();
    for (int layer = i; layer < layers; ++layer) map.set("model.layers." + std::to_string(layer), device);
  }
  for (const char* part : {"mlp", "self_attn", "mlp.down_proj", "self_attn.q_proj.weight", "input_layernorm"})
    map.set("model.layers." + std::to_string(random() % static_cast<unsigned>(layers)) + "." + part, any());
  return map;
}

/// More of them by BERTH_TEST_RANDOM_MAPS.
int random_map_count() {
  const char* wanted = std::getenv("BERTH_TEST_RANDOM_MAPS");
  return wanted == nullptr ? 4 : std::atoi(wanted);
}

TEST(RandomMaps, AreCarriedOutAndDoNotChangeTheAnswer) {
  BERTH_NEEDS_MODEL();
  const auto machine = simulate("cpu:8GiB,vulkan:3x1GiB");
  use_simulated(machine);
  const auto profile = read_model(test::model_path());
  const std::vector<Device> devices = {Device::cpu(), Device::disk(), Device(DeviceType::vulkan, 0),
                                       Device(DeviceType::vulkan, 1), Device(DeviceType::vulkan, 2)};
  const GenerationRequest request{.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 6}};
  const ContextSpec context{.n_ctx = 256};
  const auto alone = engine("llama.cpp").load({.model = profile.path, .context = context});
  const auto expected = alone->new_session()->generate(request).completions[0].text;
  std::mt19937 random(7);
  for (int i = 0; i < random_map_count(); ++i) {
    const auto map = random_map(random, devices, 30);
    SCOPED_TRACE(to_hf(map).to_json());
    const auto model =
        engine("llama.cpp").load({.model = profile.path, .device = map, .keys = machine.keys(map), .context = context});
    EXPECT_THAT(model->info().notes, testing::IsEmpty());
    EXPECT_EQ(model->info().placement, placement_of(profile, map));
    const auto session = model->new_session();
    EXPECT_EQ(session->generate(request).completions[0].text, expected);
    const auto planned = memory_of(profile, model->info().placement, context, generation_options(context));
    for (const auto& use : model->memory()) {
      const auto found = std::ranges::find(planned, use.device, &DeviceUse::device);
      const auto bytes = found == planned.end() ? 0 : found->total();
      EXPECT_LE(use.total(), bytes) << use.device.str();
    }
  }
}

TEST(Placements, WithMoreRunsThanTheEngineTakesAreRefusedWithWhatTheyAre) {
  BERTH_NEEDS_MODEL();
  const auto machine = simulate("cpu:8GiB,vulkan:2x1GiB");
  use_simulated(machine);
  DeviceMap map{{"", Device::vulkan(0)}, {"model.embed_tokens", Device::cpu()}};
  for (int i = 1; i < 16; i += 2) map.set("model.layers." + std::to_string(i), Device::vulkan(1));
  const LoadRequest request{.model = test::model_path(), .device = map, .keys = machine.keys(map)};
  EXPECT_THAT(
      test::refusal<EngineError>([&] { engine("llama.cpp").load(request); }),
      testing::AllOf(testing::HasSubstr("the layers lie in 17 runs on devices"), testing::HasSubstr("takes 16 in all"),
                     testing::Not(testing::HasSubstr("the output behind"))));
  map.set("model.layers.15", Device::vulkan(0));
  map.set("lm_head", Device::vulkan(1));
  map.set("model.norm", Device::vulkan(1));
  map.set("model.layers.29", Device::vulkan(0));
  const LoadRequest with_output{.model = test::model_path(), .device = map, .keys = machine.keys(map)};
  EXPECT_EQ(engine("llama.cpp").load(with_output)->info().placement.layers.size(), 15U) << "and the output is the 16th";
  map.set("model.layers.20", Device::cpu());
  const LoadRequest one_too_many{.model = test::model_path(), .device = map, .keys = machine.keys(map)};
  EXPECT_THAT(test::refusal<EngineError>([&] { engine("llama.cpp").load(one_too_many); }),
              testing::HasSubstr("17 runs on devices, the output behind them is one more"));
}

}  // namespace
}  // namespace berth

#ifdef BERTH_TEST_RPC_WORKER
namespace berth {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const Device worker0(DeviceType::rpc, 0);
const Device worker1(DeviceType::rpc, 1);

/// Two workers, and what a model says with all of it on the CPU.
class PlacedModel : public testing::Test {
 protected:
  void SetUp() override { BERTH_NEEDS_MODEL(); }

  LoadRequest request(ComponentDevice device) const {
    return {.model = test::model_path(),
            .device = std::move(device),
            .keys = {{"rpc:0", {.endpoint = first_.endpoint()}}, {"rpc:1", {.endpoint = second_.endpoint()}}},
            .context = ContextSpec{.n_ctx = 512},
            .isolation = Isolation::none};  // the workers answer one process, and are asked for bytes too
  }
  static std::string answer(Session& session) {
    const GenerationRequest request{.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 8}};
    return session.generate(request).completions[0].text;
  }

  test::RealWorker first_{BERTH_TEST_RPC_WORKER};
  test::RealWorker second_{BERTH_TEST_RPC_WORKER};
};

Placement read_back(const LoadedModel& model) { return model.info().placement; }

/// What was computed before loading is what the engine says of itself, and no less than what a session then holds.
void expect_planned_bytes(const LoadRequest& request, const Placement& placement, const LoadedModel& model) {
  const auto profile = read_model(request.model);
  const auto planned = memory_of(profile, placement, *request.context, generation_options(*request.context));
  const auto& here = engine_here("llama.cpp");  // the workers answer this process only
  const auto exact = here.memory(request.model, placement, *request.context, request.keys).by_device();
  const auto held = model.memory();
  for (const auto& device : {Device::cpu(), worker0, worker1})
    for (const auto part : {&DeviceUse::weights, &DeviceUse::cache, &DeviceUse::compute}) {
      const auto bound = test::bytes_on(planned, device, part);
      EXPECT_GE(bound, test::bytes_on(exact, device, part)) << device.str();
      EXPECT_LE(bound, test::bytes_on(exact, device, part) * 110 / 100) << device.str();
      EXPECT_LE(test::bytes_on(held, device, part), test::bytes_on(planned, device, part)) << device.str();
    }
}

TEST_F(PlacedModel, RunsOnEachMapAndSaysTheSame) {
  const auto profile = read_model(test::model_path());
  const auto layer = [](int i) { return "model.layers." + std::to_string(i); };
  DeviceMap in_order{{"model.embed_tokens", Device::cpu()}, {"", worker1}, {layer(0), Device::cpu()}};
  for (int i = 1; i < 12; ++i) in_order.set(layer(i), worker0);
  DeviceMap as_accelerate{{"model.embed_tokens", worker0}, {"lm_head", worker0}, {"model.norm", Device::disk()}};
  for (int i = 0; i < 30; ++i) as_accelerate.set(layer(i), i < 10 ? worker0 : i < 20 ? Device::cpu() : Device::disk());
  DeviceMap woven{{"", Device::cpu()}, {"model.layers.7.mlp", worker1}, {"blk.9.attn_q.weight", worker1}};
  for (int i = 4; i < 28; i += 6) woven.set(layer(i), i % 4 == 0 ? worker0 : worker1);
  const auto alone = engine("llama.cpp").load({.model = test::model_path(), .context = ContextSpec{.n_ctx = 512}});
  const auto expected = answer(*alone->new_session());
  for (const auto& map : {in_order, as_accelerate, woven}) {
    const auto wanted = request(map);  // asks the workers, which listen to nobody else once the model is loaded
    const auto model = engine("llama.cpp").load(wanted);
    const auto placement = placement_of(profile, map);
    EXPECT_THAT(model->info().notes, IsEmpty());
    EXPECT_EQ(read_back(*model), placement) << read_back(*model).to_dict().to_json();
    const auto session = model->new_session();
    EXPECT_EQ(answer(*session), expected) << model->info().where();
    expect_planned_bytes(wanted, placement, *model);
  }
}

}  // namespace
}  // namespace berth
#endif
