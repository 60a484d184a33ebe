#include "berth/resolve.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "berth/engine.h"
#include "cli/process.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(ResolveCommand, WithoutADeviceAnswersTheDefaultOfThisMachine) {
  EXPECT_EQ(berth_command({"resolve"}).out, ComponentDevice::resolve_device().str() + "\n");
}

TEST(ResolveCommand, AGivenDeviceComesBackUnchanged) {
  for (const std::string device : {"cpu", "cuda", "cuda:0", "cuda:7", "mps", "npu", "rpc:2"})
    EXPECT_EQ(berth_command({"resolve", device}).out, device + "\n");
}

TEST(ResolveCommand, ReadsEachJsonForm) {
  const std::string map = R"({"model.embed": "cuda:0", "lm_head": "cpu"})";
  EXPECT_EQ(berth_command({"resolve", map}).out, map + "\n");
  EXPECT_EQ(berth_command({"resolve", R"( {"model.embed": 0, "lm_head": "cpu"})"}).out, map + "\n");
  EXPECT_EQ(berth_command({"resolve", R"({"type": "multiple", "device_map": )" + map + "}"}).out, map + "\n");
  EXPECT_EQ(berth_command({"resolve", R"({"type": "single", "device": "cuda:1"})"}).out, "cuda:1\n");
  // A map whose entry is called "type" is a map.
  EXPECT_EQ(berth_command({"resolve", R"({"type": 3})"}).out, "{\"type\": \"cuda:3\"}\n");
}

TEST(ResolveCommand, RefusesWhatIsNoDevice) {
  EXPECT_THAT(berth_command({"resolve", "gpu"}).err, HasSubstr("Unknown device type string 'gpu'; known are cpu, cuda, "));
  EXPECT_THAT(berth_command({"resolve", "disk"}).err,
              HasSubstr("The disk device can only be used as a part of device maps"));
  EXPECT_THAT(berth_command({"resolve", R"({"type": "triple"})"}).err,
              HasSubstr("Unknown component device type 'triple' in serialized data"));
  EXPECT_THAT(berth_command({"resolve", R"({"a": "gpu:0"})"}).err, HasSubstr("known are cpu, cuda"));
  EXPECT_THAT(berth_command({"resolve", R"({"a": )"}).err, HasSubstr("byte 6"));
}

TEST(ResolveCommand, ExplainsEachChoice) {
  const auto expected = resolve(std::nullopt, available_devices(), ResolvePolicy::from_environment());
  EXPECT_EQ(berth_command({"resolve", "--explain"}).out, expected.device.str() + "\n" + expected.str() + "\n");
  EXPECT_EQ(berth_command({"resolve", "cuda:3", "--explain"}).out, "cuda:3\ncuda:3: taken, given\n");
}

TEST(ResolveCommand, JsonHoldsTheSerializedDeviceAndTheReasons) {
  const auto outcome = berth_command({"resolve", "--json"});
  const auto document = json::parse(outcome.out);
  EXPECT_EQ(document.at("device").dump(), json::parse(ComponentDevice::resolve_device().to_dict().to_json()).dump());
  std::size_t taken = 0;
  for (const auto& reason : document.at("reasons")) {
    EXPECT_TRUE(reason.at("device").is_string());
    EXPECT_TRUE(reason.at("why").is_string());
    taken += reason.at("taken").get<bool>() ? 1 : 0;
  }
  EXPECT_EQ(taken, 1U);
  EXPECT_EQ(outcome.err, "");

  const auto map = json::parse(berth_command({"resolve", R"({"a": 0, "b": "cpu"})", "--json"}).out);
  EXPECT_EQ(map, json::parse(R"({"device": {"type": "multiple", "device_map": {"a": "cuda:0", "b": "cpu"}},
                                 "reasons": [{"device": {"a": "cuda:0", "b": "cpu"}, "taken": true, "why": "given"}]})"));
}

}  // namespace
}  // namespace berth::test
