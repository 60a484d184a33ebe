#include "berth/verified_plan.h"

#include <gmock/gmock.h>

#include "plan/small_model.h"

namespace berth {
namespace {

constexpr std::uint64_t one_mib = 1 << 20;

/// An engine that takes so much more of a device than is computed.
class HungryEngine : public Engine {
 public:
  HungryEngine(const ModelProfile& profile, Device device, std::uint64_t more, std::uint64_t each_time = 0)
      : profile_(profile), device_(device), more_(more), each_time_(each_time) {}

  std::string_view name() const override { return "hungry"; }
  std::string version() const override { return "1"; }
  std::vector<DeviceInfo> devices() const override { return {}; }
  Measurement measure(const Device&, const DeviceKey&, std::chrono::milliseconds) const override { return {}; }
  MemoryUse memory(const std::filesystem::path&, const Placement& placement, const ContextSpec& context,
                   const OrderedMap<DeviceKey>&) const override {
    ++asked;
    auto use = memory_use(profile_, placement, context, generation_options(context));
    for (auto& buffer : use.buffers)
      if (buffer.device == device_ && buffer.kind == BufferKind::compute) buffer.bytes += more_ + asked * each_time_;
    return use;
  }
  std::shared_ptr<const LoadedModel> load(const LoadRequest&, const LoadContext&) const override { return nullptr; }

  mutable int asked = 0;

 private:
  const ModelProfile& profile_;
  Device device_;
  std::uint64_t more_;
  std::uint64_t each_time_;
};

std::uint64_t bytes_on(const Plan& plan, const Device& device) {
  const auto found = std::ranges::find(plan.use, device, &DeviceUse::device);
  return found == plan.use.end() ? 0 : found->total() - found->overhead;
}

TEST(VerifiedPlan, HasTheBytesOfTheEngine) {
  const auto profile = test::small_model("llama", {}, 12);
  const auto machine = simulate("cpu:256MiB,vulkan:1GiB");
  const PlanRequest request{.context = {.n_ctx = 1024}};
  const HungryEngine engine(profile, Device::cpu(), 3 * one_mib);
  const auto computed = make_plan(profile, machine, request);
  const auto plan = verified_plan(engine, profile, machine, request);
  EXPECT_EQ(engine.asked, 1);
  EXPECT_TRUE(plan.exact);
  EXPECT_FALSE(computed.exact);
  EXPECT_EQ(plan.placement, computed.placement);
  EXPECT_EQ(bytes_on(plan, Device::cpu()), bytes_on(computed, Device::cpu()) + 3 * one_mib);
  EXPECT_THAT(check(plan, profile), testing::IsEmpty());
}

TEST(VerifiedPlan, CountsNoMemoryForWhatIsLeftOnTheDisk) {
  const auto profile = test::small_model("llama", {}, 12);
  const PlanRequest request{.context = {.n_ctx = 256}};
  const auto roomy = make_plan(profile, simulate("cpu:1GiB"), request);
  const auto most = (bytes_on(roomy, Device::cpu()) - profile.tensor_bytes / 2) / one_mib;
  const auto machine = simulate("cpu:" + std::to_string(most) + "MiB,disk:10GiB");
  const auto computed = make_plan(profile, machine, request);
  ASSERT_EQ(computed.outcome, PlanOutcome::fits);
  ASSERT_GT(bytes_on(computed, Device::disk()), 0U);
  const HungryEngine engine(profile, Device::cpu(), 0);
  const auto plan = verified_plan(engine, profile, machine, request);
  EXPECT_EQ(plan.outcome, PlanOutcome::fits);
  EXPECT_TRUE(plan.exact);
  EXPECT_EQ(plan.use, computed.use);
  EXPECT_THAT(check(plan, profile), testing::IsEmpty());
}

TEST(VerifiedPlan, KeepsWhatCompanionsTake) {
  const auto profile = test::small_model("llama", {}, 12);
  const auto machine = simulate("cpu:256MiB,vulkan:1GiB");
  const PlanRequest request{.context = {.n_ctx = 1024},
                            .companions = {{CompanionKind::draft, test::small_model("llama", {}, 2), Device::cpu()}}};
  const HungryEngine engine(profile, Device::cpu(), 0);
  EXPECT_EQ(verified_plan(engine, profile, machine, request).use, make_plan(profile, machine, request).use);
}

TEST(VerifiedPlan, IsMadeAnewWhereTheEngineTakesMoreThanThereIs) {
  const auto profile = test::small_model("llama", {}, 12);
  const auto gpu = Device(DeviceType::vulkan, 0);
  const auto roomy = make_plan(profile, simulate("cpu:1GiB,vulkan:1GiB"), {.context = {.n_ctx = 4096}});
  const auto needed = bytes_on(roomy, gpu);
  const auto machine = simulate("cpu:1GiB,vulkan:1GiB");
  for (const bool by_budget : {false, true}) {
    PlanRequest request{.context = {.n_ctx = 4096}};
    auto tight = machine;
    if (by_budget)
      request.max_memory = {{gpu, needed + one_mib}};
    else
      tight = simulate("cpu:1GiB,vulkan:" + std::to_string(needed + one_mib) + "B");
    const HungryEngine engine(profile, gpu, 4 * one_mib);
    const auto plan = verified_plan(engine, profile, tight, request);
    EXPECT_EQ(plan.outcome, PlanOutcome::fits);
    EXPECT_GT(engine.asked, 1);
    EXPECT_LE(bytes_on(plan, gpu), needed + one_mib);
    EXPECT_GT(plan.placement.layers.size(), 1U);
    EXPECT_THAT(plan.reasons, testing::Contains(testing::Field(&Reason::part, "memory")));
  }
}

TEST(VerifiedPlan, DoesNotFitWhereTheEngineLeavesNoRoom) {
  const auto profile = test::small_model("llama", {}, 12);
  const HungryEngine engine(profile, Device::cpu(), 100ULL << 30);
  const auto plan = verified_plan(engine, profile, simulate("cpu:1GiB"), {.context = {.n_ctx = 1024}});
  EXPECT_EQ(plan.outcome, PlanOutcome::does_not_fit);
  EXPECT_FALSE(plan.missing.empty());
  EXPECT_THAT(plan.reasons, testing::Contains(testing::Field(&Reason::part, "memory")));
}

TEST(VerifiedPlan, SaysWhatWouldFitWhereTheEngineTakesMoreEachTime) {
  const auto profile = test::small_model("llama", {}, 12);
  const PlanRequest request{.context = {.n_ctx = 8192}};
  const auto needed = bytes_on(make_plan(profile, simulate("cpu:8GiB"), request), Device::cpu());
  const auto machine = simulate("cpu:" + std::to_string(needed + 64 * one_mib) + "B");
  const HungryEngine engine(profile, Device::cpu(), 64 * one_mib, one_mib);
  const auto plan = verified_plan(engine, profile, machine, request);
  EXPECT_GT(engine.asked, 4);
  EXPECT_EQ(plan.outcome, PlanOutcome::does_not_fit);
  EXPECT_FALSE(plan.missing.empty());
  EXPECT_FALSE(plan.changes.empty());
}

}  // namespace
}  // namespace berth
