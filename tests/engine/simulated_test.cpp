/// Simulated devices: what is loaded on them, and how much they hold.
#include <gmock/gmock.h>

#include <chrono>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/plan.h"
#include "berth/simulated.h"
#include "engine/llama/simulated_devices.h"
#include "engine/plan_here.h"
#include "engine/simulated/ggml_interface.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t simulated_mib = 1024 * 1024;

std::shared_ptr<const LoadedModel> load_on(const Inventory& machine, const Device& device,
                                           const std::optional<ContextSpec>& context = {}) {
  use_simulated(machine);
  return engine("llama.cpp")
      .load({.model = test::model_path(), .device = device, .keys = machine.keys(device), .context = context});
}

const GenerationRequest counting_request{.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 8}};

const std::string& counted_on_the_cpu() {
  static const auto text = engine("llama.cpp")
                               .load({.model = test::model_path()})
                               ->new_session()
                               ->generate(counting_request)
                               .completions[0]
                               .text;
  return text;
}

ggml_backend_dev_t device_on(const Inventory& machine, const Device& device) {
  use_simulated(machine);
  return llama::simulated_device(device, machine.find(device)->key());
}

/// nullptr where there is no room.
ggml_backend_buffer_t allocate(ggml_backend_dev_t device, std::size_t bytes) {
  const auto type = device->iface.get_buffer_type(device);
  return type->iface.alloc_buffer(type, bytes);
}

void release(ggml_backend_buffer_t buffer) {
  buffer->iface.free_buffer(buffer);
  delete buffer;
}

std::size_t free_bytes(ggml_backend_dev_t device) {
  std::size_t free = 0;
  std::size_t total = 0;
  device->iface.get_memory(device, &free, &total);
  return free;
}

TEST(Simulated, ADeviceHasItsMemoryToTheByte) {
  const auto device = device_on(simulate("cpu:1GiB,cuda:10MiB-2MiB"), Device::gpu(0));
  EXPECT_EQ(free_bytes(device), 8 * simulated_mib);
  EXPECT_EQ(allocate(device, 8 * simulated_mib + 1), nullptr);
  const auto first = allocate(device, 3 * simulated_mib);
  EXPECT_EQ(free_bytes(device), 5 * simulated_mib);
  EXPECT_EQ(allocate(device, 5 * simulated_mib + 1), nullptr);
  const auto second = allocate(device, 5 * simulated_mib);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(free_bytes(device), 0U);
  release(first);
  release(second);
  EXPECT_EQ(free_bytes(device), 8 * simulated_mib);
}

TEST(Simulated, DevicesThatShareTheMemoryOfTheCpuShareItsBytes) {
  const auto machine = simulate("cpu:10MiB,vulkan:shared,xpu:shared");
  const auto one = device_on(machine, Device(DeviceType::vulkan, 0));
  const auto other = device_on(machine, Device(DeviceType::xpu, 0));
  const auto buffer = allocate(one, 7 * simulated_mib);
  EXPECT_EQ(free_bytes(other), 3 * simulated_mib);
  EXPECT_EQ(allocate(other, 4 * simulated_mib), nullptr);
  release(buffer);
}

TEST(Simulated, TheSameMachineAgainKeepsWhatItsDevicesHold) {
  const auto machine = simulate("cpu:1GiB,cuda:10MiB");
  const auto buffer = allocate(device_on(machine, Device::gpu(0)), 6 * simulated_mib);
  EXPECT_EQ(free_bytes(device_on(machine, Device::gpu(0))), 4 * simulated_mib);
  const auto another = device_on(simulate("cpu:1GiB,cuda:11MiB"), Device::gpu(0));
  EXPECT_EQ(free_bytes(another), 11 * simulated_mib);
  release(buffer);
}

TEST(Simulated, ADeviceSaysWhatItIs) {
  const auto device = device_on(simulate("cpu:1GiB,xpu:10MiB;name=Arc"), Device(DeviceType::xpu, 0));
  ggml_backend_dev_props props{};
  device->iface.get_props(device, &props);
  EXPECT_STREQ(props.name, "SYCL0");
  EXPECT_STREQ(props.description, "simulated Arc");
  EXPECT_EQ(props.type, GGML_BACKEND_DEVICE_TYPE_GPU);
  ASSERT_NE(props.device_id, nullptr);
}

TEST(Simulated, AMachineIsWhatIsPlannedAndResolvedOver) {
  const auto machine = simulate("cpu:8GiB,cuda:2x1GiB");
  use_simulated(machine);
  EXPECT_EQ(look_here(), machine);
  const auto resolution = resolve_here({}, {"llama.cpp"});
  EXPECT_EQ(resolution.device, Device::gpu(0));
  EXPECT_TRUE(is_simulated(resolution.keys.at("cuda:0")));
}

TEST(Simulated, OnlySimulatedMachinesAreUsed) {
  auto machine = simulate("cpu:1GiB,cuda:1GiB");
  EXPECT_TRUE(is_simulated(machine.find(Device::gpu())->key()));
  EXPECT_FALSE(is_simulated(machine.find(Device::cpu())->key()));
  machine.origin = InventoryOrigin::recorded;
  EXPECT_THAT(refusal([&] { use_simulated(machine); }), HasSubstr("Only a machine that simulate() made"));
}

TEST(Simulated, ADeviceThatTheMachineOfTheProcessLacksIsRefused) {
  const auto two = simulate("cpu:1GiB,cuda:2x1GiB");
  use_simulated(simulate("cpu:1GiB,cuda:1GiB"));
  const LoadRequest request{.model = "any.gguf", .device = Device::gpu(1), .keys = two.keys(Device::gpu(1))};
  EXPECT_THAT(refusal<EngineError>([&] { engine("llama.cpp").load(request); }),
              AllOf(HasSubstr("cuda:1"), HasSubstr("CUDA1")));
}

class SimulatedModel : public testing::TestWithParam<DeviceType> {
  void SetUp() override { BERTH_NEEDS_MODEL(); }
};

TEST_P(SimulatedModel, AnswersAsOnTheCpuAndHoldsWhatWasPlanned) {
  const Device device(GetParam(), 0);
  const auto machine = simulate("cpu:8GiB," + std::string(to_string(GetParam())) + ":2GiB");
  const ContextSpec context{.n_ctx = 512};
  const auto plan = make_plan(read_model(test::model_path()), machine, {.context = context});
  ASSERT_EQ(plan.outcome, PlanOutcome::fits);
  const auto model = load_on(machine, device, context);
  EXPECT_TRUE(is_simulated(model->info().keys.front().second));
  const auto session = model->new_session({.n_ctx = 512});
  EXPECT_EQ(session->generate(counting_request).completions[0].text, counted_on_the_cpu());

  const auto held = model->memory();
  ASSERT_EQ(held.size(), 2U);
  const auto planned = std::ranges::find(plan.use, device, &DeviceUse::device);
  ASSERT_NE(planned, plan.use.end());
  EXPECT_EQ(held[1].weights, planned->weights);
  EXPECT_EQ(held[1].cache, planned->cache);
  EXPECT_EQ(held[1].compute, planned->compute);
  const auto handle = llama::simulated_device(device, machine.find(device)->key());
  EXPECT_EQ(2048 * simulated_mib - free_bytes(handle), held[1].weights + held[1].cache + held[1].compute);
}

INSTANTIATE_TEST_SUITE_P(Types, SimulatedModel,
                         testing::Values(DeviceType::cuda, DeviceType::vulkan, DeviceType::xpu, DeviceType::rpc,
                                         DeviceType::mps),
                         [](const auto& each) { return std::string(to_string(each.param)); });

TEST(Simulated, AModelThatIsTooLargeIsRefusedAsOnAGpu) {
  BERTH_NEEDS_MODEL();
  EXPECT_THAT(refusal<EngineError>([] { load_on(simulate("cpu:8GiB,cuda:50MiB"), Device::gpu(0)); }),
              AllOf(HasSubstr("cuda:0"), HasSubstr("out of memory (50.00 MiB of 50.00 MiB are free)")));
}

TEST(Simulated, TokensComeNoFasterThanTheMemoryIs) {
  BERTH_NEEDS_MODEL();
  const auto model = load_on(simulate("cpu:8GiB,cuda:1GiB@1GB/s"), Device::gpu(0), ContextSpec{.n_ctx = 512});
  const auto session = model->new_session();
  const auto result = session->generate({.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 6}});
  // Of the 85 MB and more of weights, each token reads all.
  EXPECT_GT(result.generation_ms, 5 * 80.0);
}

TEST(Simulated, CopiesTakeAsLongAsTheLinkNeeds) {
  const auto slow = device_on(simulate("cpu:1GiB,cuda:10MiB,link:100MB/s;latency=2ms"), Device::gpu(0));
  const auto buffer = allocate(slow, simulated_mib);
  std::vector<char> bytes(simulated_mib, 'a');
  ggml_tensor tensor{};
  tensor.buffer = buffer;
  tensor.data = buffer->iface.get_base(buffer);
  const auto start = std::chrono::steady_clock::now();
  buffer->iface.set_tensor(buffer, &tensor, bytes.data(), 0, bytes.size());
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  EXPECT_GT(taken.count(), 0.012);
  release(buffer);
}

}  // namespace
}  // namespace berth
