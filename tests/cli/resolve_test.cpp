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

// A machine that has everything.
constexpr auto rich = "cpu:64GiB,cuda:8x24GiB,xpu:8GiB,mps:8GiB,npu:8GiB,rpc:3x8GiB";

Outcome resolve_command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"resolve", "--simulate", rich});
  return berth_command(arguments);
}

TEST(ResolveCommand, AGivenDeviceComesBackUnchanged) {
  for (const std::string device : {"cpu", "cuda", "cuda:0", "cuda:7", "mps", "npu", "rpc:2"})
    EXPECT_EQ(resolve_command({device}).out, device + "\n");
}

TEST(ResolveCommand, ADeviceThatIsNotThereIsAnErrorWithTheNearest) {
  const auto outcome = berth_command({"resolve", "cuda:7", "--simulate", "cpu:64GiB,cuda:2x24GiB"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("This machine has no device 'cuda:7'; it has cuda:0, cuda:1, cpu"));
}

TEST(ResolveCommand, ATypeThatIsNamedIsTakenWhateverTheVariableSays) {
  const auto with_variable = [](std::string wish) {
    return berth_command({"resolve", std::move(wish), "--simulate", rich},
                         {.environment = {{"HAYSTACK_XPU_ENABLED", "false"}}})
        .out;
  };
  EXPECT_EQ(with_variable("xpu, 1 GiB"), "xpu:0\n");
  EXPECT_EQ(with_variable("any but cuda"), "mps:0\n");
}

TEST(ResolveCommand, MeetsWishes) {
  EXPECT_EQ(resolve_command({"gpu"}).out, "cuda:0\n");
  EXPECT_EQ(resolve_command({"any but cuda"}).out, "xpu:0\n");
  EXPECT_EQ(resolve_command({"not cuda, 32 GiB free"}).out, "cpu\n");
  EXPECT_EQ(resolve_command({"--policy", "most_free"}).out, "cuda:0\n");
  EXPECT_THAT(resolve_command({"80 GiB free"}).err, HasSubstr("meets the wish '80 GiB free'"));
  EXPECT_THAT(resolve_command({"--policy", "best"}).err, HasSubstr("haystack, most_free, fastest"));
}

TEST(ResolveCommand, ReadsEachJsonForm) {
  const std::string map = R"({"model.embed": "cuda:0", "lm_head": "cpu"})";
  EXPECT_EQ(resolve_command({map}).out, map + "\n");
  EXPECT_EQ(resolve_command({R"( {"model.embed": 0, "lm_head": "cpu"})"}).out, map + "\n");
  EXPECT_EQ(resolve_command({R"({"type": "multiple", "device_map": )" + map + "}"}).out, map + "\n");
  EXPECT_EQ(resolve_command({R"({"type": "single", "device": "cuda:1"})"}).out, "cuda:1\n");
  // A map whose entry is called "type" is a map.
  EXPECT_EQ(resolve_command({R"({"type": 3})"}).out, "{\"type\": \"cuda:3\"}\n");
}

TEST(ResolveCommand, RefusesWhatIsNoDevice) {
  EXPECT_THAT(berth_command({"resolve", "gpu"}).err, HasSubstr("No device of this machine meets the wish 'gpu'"));
  EXPECT_THAT(berth_command({"resolve", "gqu"}).err, HasSubstr("'gqu' is no device and no wish"));
  for (const std::string text : {"gpu:0", "cuda:0 or cuda:1", "cuda:1, 8 GiB"})
    EXPECT_THAT(berth_command({"resolve", text}).err, HasSubstr("A wish has no index, as in '"));
  EXPECT_THAT(berth_command({"resolve", "1"}).err, HasSubstr("is a size without a unit; write \"1 GiB free\""));
  EXPECT_THAT(berth_command({"resolve", "cuda:x"}).err, HasSubstr("Device id must be an integer, got x"));
  EXPECT_THAT(berth_command({"resolve", "disk"}).err,
              HasSubstr("The disk device can only be used as a part of device maps"));
  EXPECT_THAT(berth_command({"resolve", R"({"type": "triple"})"}).err,
              HasSubstr("Unknown component device type 'triple' in serialized data"));
  EXPECT_THAT(berth_command({"resolve", R"({"a": "gpu:0"})"}).err, HasSubstr("known are cpu, cuda"));
  EXPECT_THAT(berth_command({"resolve", R"({"a": )"}).err, HasSubstr("byte 6"));
}

TEST(ResolveCommand, ExplainsEachChoice) {
  const auto expected = resolve({}, discover(), ResolvePolicy::from_environment());
  EXPECT_EQ(berth_command({"resolve", "--explain"}).out, expected.device.str() + "\n" + expected.str() + "\n");
  EXPECT_EQ(resolve_command({"cuda:3", "--explain"}).out, "cuda:3\ncuda:3: taken, given\n");
  EXPECT_EQ(resolve_command({"npu:0", "--explain"}).out,
            "npu:0\nnpu:0: taken, given; no engine of this build can use npu:0\n");
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

  const auto map = json::parse(resolve_command({R"({"a": 0, "b": "cpu"})", "--json"}).out);
  EXPECT_EQ(map, json::parse(R"({"device": {"type": "multiple", "device_map": {"a": "cuda:0", "b": "cpu"}},
                                 "reasons": [{"device": {"a": "cuda:0", "b": "cpu"}, "taken": true, "why": "given"}]})"));
}

}  // namespace
}  // namespace berth::test
