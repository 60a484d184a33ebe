#include <gmock/gmock.h>

#include "berth/resolve.h"
#include "machine_of.h"
#include "random_values.h"

namespace berth {
namespace {

using testing::HasSubstr;

Resolution through_json(const Resolution& resolution) {
  return Resolution::from_dict(Value::from_json(resolution.to_dict().to_json()));
}

std::string why_refused(std::string_view json) {
  try {
    Resolution::from_dict(Value::from_json(json));
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
  return "was accepted";
}

TEST(Resolution, SurvivesJson) {
  test::Random random;
  for (int i = 0; i < 500; ++i) {
    std::vector<Device> devices{Device::cpu()};
    for (int n = random.below(4); n > 0; --n) devices.push_back(Device::gpu(n));
    auto inventory = test::machine_of(devices);
    inventory.devices.back().pci_id = "0000:01:00.0";
    const auto automatic = resolve(random.coin() ? ResolveRequest() : Wish(), inventory);
    EXPECT_EQ(through_json(automatic), automatic) << automatic.to_dict().to_json();
    DeviceMap map{{random.name(), devices.back()}, {random.name(), Device::disk()}};
    const auto given = resolve(map, inventory);
    EXPECT_EQ(through_json(given), given) << given.to_dict().to_json();
  }
}

TEST(Resolution, SaysWhereWhatIsWrong) {
  constexpr auto cpu = R"({"type": "single", "device": "cpu"})";
  const auto with = [&](const std::string& reasons) {
    return why_refused(R"({"device": )" + std::string(cpu) + R"(, "reasons": )" + reasons + "}");
  };
  const auto taken = R"({"device": )" + std::string(cpu) + R"(, "taken": true, "why": "given"})";
  EXPECT_EQ(with("[" + taken + "]"), "was accepted");
  EXPECT_EQ(with("[]"), "reasons: 0 are taken, and one must be");
  EXPECT_EQ(with("[" + taken + "," + taken + "]"), "reasons: 2 are taken, and one must be");
  EXPECT_EQ(with(R"([{"device": {"type": "single", "device": "cpu"}}])"), "reasons[0].taken: is missing");
  EXPECT_THAT(why_refused(R"({"device": {"type": "single", "device": "tpu"}, "reasons": []})"), HasSubstr("device: "));
}

}  // namespace
}  // namespace berth
