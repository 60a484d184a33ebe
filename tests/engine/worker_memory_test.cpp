/// What a worker gives of its devices, to all of its clients together.
#include <gmock/gmock.h>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/simulated.h"
#include "engine/llama/memory_limit.h"
#include "engine/llama/simulated_devices.h"
#include "engine/simulated/ggml_interface.h"
#include "engine/simulated_here.h"
#include "raw_client.h"
#include "refusal.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth::test {
namespace {

using discovery::RpcMemory;
using discovery::RpcWorker;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t mib_of_worker = 1 << 20;

host::WorkerOptions limited_to(std::uint64_t bytes) { return {.n_threads = 1, .memory_bytes = bytes}; }

std::uint64_t free_at(const ServedWorker& worker) {
  return RpcWorker(worker.endpoint(), std::chrono::seconds(20)).devices().at(0).free_bytes;
}

TEST(WorkerMemory, IsWhatClientsSeeAndMayTake) {
  ServedWorker worker({}, limited_to(64 * mib_of_worker));
  RpcWorker probe(worker.endpoint(), std::chrono::seconds(20));
  const auto seen = probe.devices().at(0);
  EXPECT_EQ(seen.total_bytes, 64 * mib_of_worker);
  EXPECT_EQ(seen.free_bytes, 64 * mib_of_worker);
  RawClient client(worker.connect());
  const auto first = client.allocate(48 * mib_of_worker);
  EXPECT_NE(first, 0U);
  EXPECT_EQ(probe.devices().at(0).free_bytes, 16 * mib_of_worker) << "whoever asks";
  EXPECT_EQ(client.allocate(17 * mib_of_worker), 0U) << "refused, and no more than that";
  EXPECT_EQ(client.allocate(UINT64_MAX), 0U);
  EXPECT_NE(client.allocate(16 * mib_of_worker), 0U);
  EXPECT_EQ(probe.devices().at(0).free_bytes, 0U);
  client.free(first);
  EXPECT_NE(client.allocate(48 * mib_of_worker), 0U);
}

TEST(WorkerMemory, IsSharedByAllClientsAndFreeAgainWhenOneIsGone) {
  ServedWorker worker({}, limited_to(64 * mib_of_worker));
  {
    RawClient first(worker.connect());
    RawClient second(worker.connect());
    EXPECT_NE(first.allocate(40 * mib_of_worker), 0U);
    EXPECT_EQ(second.allocate(40 * mib_of_worker), 0U);
    EXPECT_NE(second.allocate(24 * mib_of_worker), 0U);
    EXPECT_EQ(free_at(worker), 0U);
  }
  EXPECT_TRUE(worker.told(
      "a client asked for 41943040 bytes, and 25165824 of the 67108864 that this worker may give are free"));
  std::uint64_t seen = 0;
  for (int tries = 0; tries < 500 && (seen = free_at(worker)) == 0; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(seen, 64 * mib_of_worker);
}

TEST(WorkerMemory, ThatDoesNotSufficeIsAnErrorOfTheLoad) {
  BERTH_NEEDS_MODEL();
  const ServedWorker worker({}, limited_to(40 * mib_of_worker));
  LoadRequest request{.model = model_path(), .device = Device::rpc(0), .context = ContextSpec{.n_ctx = 256}};
  request.keys.set("rpc:0", {.endpoint = worker.endpoint()});
  request.max_recoveries = 0;
  EXPECT_THAT(refusal<EngineError>([&] { engine("llama.cpp").load(request); }), HasSubstr("unable to allocate"));
  EXPECT_EQ(free_at(worker), 40 * mib_of_worker);
}

TEST(WorkerMemory, OfTheHostIsNotClaimedByWhatARequestSaysThatItWillBring) {
  ServedWorker worker({}, limited_to(64 * mib_of_worker));
  constexpr std::uint8_t set_tensor = 6;
  constexpr std::uint64_t most = (48 + 64) * mib_of_worker;
  for (const auto size : {most + 1, most}) {
    RawClient client(worker.connect());
    EXPECT_NE(client.allocate(48 * mib_of_worker), 0U);
    client.send(raw_bytes(set_tensor, size));
    shutdown(client.socket(), SHUT_WR);
    all_from(client.socket());
    if (size > most) {
      EXPECT_TRUE(worker.told("sends a request of 117440513 bytes, and may send 117440512"));
    }
  }
  EXPECT_THAT(worker.log(), Not(HasSubstr("a request of 117440512 bytes")));
  EXPECT_TRUE(serves(worker));
}

TEST(WorkerMemory, OfDevicesIsNeverMoreThanTheyHave) {
  const ServedWorker worker({}, limited_to(std::uint64_t{1} << 60));
  EXPECT_LT(free_at(worker), std::uint64_t{1} << 50);
}

TEST(WorkerMemory, OfAnAcceleratorIsLimitedAsThatOfTheCpu) {
  BERTH_NEEDS_MODEL();
  use_simulated(simulate("cpu:8GiB,vulkan:300MiB-20MiB"));
  const auto machine = *simulated_here();
  const auto vulkan = Device::vulkan(0);
  const auto device = llama::simulated_device(vulkan, machine.find(vulkan)->key());
  const auto memory = [&] {
    std::size_t free = 0;
    std::size_t total = 0;
    device->iface.get_memory(device, &free, &total);
    return std::pair(free, total);
  };
  const auto count = std::make_shared<MemoryCount>(1);
  llama::limit_memory(device, 0, {.bytes = 64 * mib_of_worker, .count = count, .process = count->enter()});
  EXPECT_EQ(memory(), std::pair(64 * mib_of_worker, 64 * mib_of_worker));
  const auto other_process = count->enter();
  EXPECT_TRUE(count->take(other_process, 0, 24 * mib_of_worker, 64 * mib_of_worker));
  const auto type = device->iface.get_buffer_type(device);
  EXPECT_EQ(type->iface.alloc_buffer(type, 41 * mib_of_worker), nullptr);
  auto* const buffer = type->iface.alloc_buffer(type, 40 * mib_of_worker);
  ASSERT_NE(buffer, nullptr);
  EXPECT_EQ(memory().first, 0U);
  buffer->iface.free_buffer(buffer);
  delete buffer;
  EXPECT_EQ(memory().first, 40 * mib_of_worker);
  LoadRequest request{.model = model_path(), .device = vulkan, .keys = machine.keys(vulkan)};
  EXPECT_THAT(refusal<EngineError>([&] { engine("llama.cpp").load(request); }), HasSubstr("alloc"));
  EXPECT_EQ(memory().first, 40 * mib_of_worker) << "nothing is left of what could be had";
}

}  // namespace
}  // namespace berth::test
#endif
