#include "berth/hf_kwargs.h"
#include "refusal.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace berth {
namespace {

using test::refusal;
const std::vector<std::string> tasks = {"text-generation", "text2text-generation"};

struct Log {
  std::vector<std::string> warnings;
  LogCallback callback() {
    return [this](LogLevel level, std::string_view message) {
      if (level == LogLevel::warning) warnings.emplace_back(message);
    };
  }
};

TEST(PipelineKwargs, AreCompletedByTheParameters) {
  Log log;
  const auto kwargs =
      resolve_hf_pipeline_kwargs({}, "org/model", "text-generation", tasks, Device::gpu(1), "secret", log.callback());
  EXPECT_EQ(Value(kwargs).to_json(),
            R"({"model": "org/model", "token": "secret", "device": "cuda:1", "task": "text-generation"})");
  EXPECT_TRUE(log.warnings.empty());
}

TEST(PipelineKwargs, WinOverTheParametersButForTheTask) {
  const auto kwargs =
      resolve_hf_pipeline_kwargs({{"task", "text2text-generation"}, {"token", nullptr}, {"model", "mine"}}, "org/model",
                                 "text-generation", tasks, Device::cpu(), "secret");
  EXPECT_EQ(Value(kwargs).to_json(), R"({"task": "text-generation", "token": null, "model": "mine", "device": "cpu"})");
}

TEST(PipelineKwargs, WarnWhereTheyOverrideTheDevice) {
  for (const char* key : {"device", "device_map"}) {
    Log log;
    const auto kwargs = resolve_hf_pipeline_kwargs({{key, nullptr}}, "m", "text-generation", tasks, Device::gpu(1),
                                                   std::nullopt, log.callback());
    EXPECT_TRUE(kwargs.at(key).is_null());
    ASSERT_EQ(log.warnings.size(), 1u);
    EXPECT_NE(log.warnings[0].find("cuda:1"), std::string::npos) << log.warnings[0];

    Log without_device;
    resolve_hf_pipeline_kwargs({{key, nullptr}}, "m", "text-generation", tasks, std::nullopt, std::nullopt,
                               without_device.callback());
    EXPECT_TRUE(without_device.warnings.empty());
  }
}

TEST(PipelineKwargs, AskForATaskThatNobodyGave) {
  std::string asked;
  const auto task_of_model = [&](const std::string& model) {
    asked = model;
    return std::string("text-generation");
  };
  const auto kwargs = resolve_hf_pipeline_kwargs({{"model", "mine"}}, "org/model", std::nullopt, tasks, Device::cpu(),
                                                 std::nullopt, {}, task_of_model);
  EXPECT_EQ(asked, "mine");
  EXPECT_EQ(kwargs.at("task"), Value("text-generation"));
  asked.clear();
  resolve_hf_pipeline_kwargs({{"task", "text-generation"}}, "m", std::nullopt, tasks, Device::cpu(), std::nullopt, {},
                             task_of_model);
  EXPECT_EQ(asked, "");
  EXPECT_EQ(refusal([] { resolve_hf_pipeline_kwargs({}, "m", std::nullopt, tasks, Device::cpu(), std::nullopt); }),
            "The task of model 'm' is not known, as the model hub is not asked: give `task`. The supported tasks are: "
            "text-generation, text2text-generation.");
}

TEST(PipelineKwargs, RefuseOtherTasks) {
  const auto error = [](Value task) {
    return refusal([&] {
      resolve_hf_pipeline_kwargs({{"task", std::move(task)}}, "m", std::nullopt, tasks, Device::cpu(), std::nullopt);
    });
  };
  const std::string end = " is not supported. The supported tasks are: text-generation, text2text-generation.";
  EXPECT_EQ(error("x"), "Task 'x'" + end);
  EXPECT_EQ(error(""), "Task ''" + end);
  EXPECT_EQ(error(3), "Task '3'" + end);
}

TEST(DeviceMapKwarg, IsThatOfTheArgumentsUnlessEmpty) {
  Log log;
  EXPECT_EQ(resolve_hf_device_map(Device::gpu(1), {{"device_map", "auto"}}, log.callback()).at("device_map"),
            Value("auto"));
  EXPECT_EQ(log.warnings.size(), 1u);
  for (const Value& empty :
       {Value(), Value(""), Value(0), Value(0.0), Value(false), Value(Value::Array{}), Value(Value::Object{})})
    EXPECT_EQ(resolve_hf_device_map(Device::gpu(1), {{"device_map", empty}}, log.callback()).at("device_map"),
              Value("cuda:1"));
  EXPECT_EQ(log.warnings.size(), 1u);
  EXPECT_EQ(resolve_hf_device_map(DeviceMap{{"a", Device::gpu(1)}}, {}).at("device_map").to_json(), R"({"a": 1})");
  EXPECT_EQ(Value(resolve_hf_device_map(std::nullopt, {{"device_map", "auto"}}, log.callback())).to_json(),
            R"({"device_map": "auto"})");
  EXPECT_EQ(log.warnings.size(), 1u);
}

TEST(ModelKwargs, NameDtypesCanonically) {
  Value::Object kwargs{{"torch_dtype", "torch.half"},
                       {"nested", Value::Object{{"dtype", "torch.bfloat16"}, {"other", "torch.nope"}}},
                       {"list", Value::Array{"torch.half"}},
                       {"plain", "half"}};
  deserialize_hf_model_kwargs(kwargs);
  const std::string expected =
      R"({"torch_dtype": "torch.float16", "nested": {"dtype": "torch.bfloat16", "other": "torch.nope"}, )"
      R"("list": ["torch.half"], "plain": "half"})";
  EXPECT_EQ(Value(kwargs).to_json(), expected);
  serialize_hf_model_kwargs(kwargs);
  EXPECT_EQ(Value(kwargs).to_json(), expected);
}

}  // namespace
}  // namespace berth
