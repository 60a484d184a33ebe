// Every case of the corpus that concerns devices, op by op, against Berth.
#include <gtest/gtest.h>

#include <map>

#include "berth/convert.h"
#include "berth/hf_kwargs.h"
#include "berth/resolve.h"
#include "berth/secret.h"
#include "clean_environment.h"
#include "corpus/haystack_corpus.h"
#include "corpus/haystack_differences.h"
#include "corpus/python_expression.h"
#include "machine_of.h"

namespace berth::corpus {
namespace {

// What Haystack refuses at run time is refused by the compiler (the difference "type-system").
using MaybeDevice = std::optional<ComponentDevice>;
static_assert(!std::is_convertible_v<const char*, MaybeDevice> && !std::is_convertible_v<std::string, MaybeDevice> &&
              !std::is_convertible_v<int, MaybeDevice> && !std::is_convertible_v<bool, MaybeDevice> &&
              !std::is_convertible_v<double, MaybeDevice> && !std::is_convertible_v<DeviceType, MaybeDevice> &&
              !std::is_convertible_v<Value, MaybeDevice> && !std::is_convertible_v<Value::Array, MaybeDevice> &&
              !std::is_convertible_v<Value::Object, MaybeDevice>);
static_assert(!std::is_constructible_v<Device, std::string> && !std::is_constructible_v<Device, std::string, int> &&
              !std::is_constructible_v<Device, DeviceType, std::string>);
static_assert(!std::is_convertible_v<Device, Value> && !std::is_convertible_v<DeviceMap, Value> &&
              !std::is_convertible_v<ComponentDevice, Value>);

/// What a case says of the environment.
class Environment {
 public:
  explicit Environment(const Value::Object& wanted) : clean_(names_of(wanted)) {
    for (const auto& [name, value] : wanted) setenv(name.c_str(), value.as_string().c_str(), 1);
  }

 private:
  static std::vector<std::string> names_of(const Value::Object& wanted) {
    std::vector<std::string> names = {"HAYSTACK_MPS_ENABLED", "HAYSTACK_XPU_ENABLED"};
    for (const auto& [name, value] : wanted) names.push_back(name);
    return names;
  }

  const test::CleanEnvironment clean_;
};

/// The part of a case that says how a call ended: {"result": ...} or {"error": ...}.
Value ending(const Value& of) {
  for (const char* name : {"result", "error"})
    if (const Value* value = of.find(name)) return Value::Object{{name, *value}};
  throw std::runtime_error("neither a result nor an error: " + of.to_json());
}

/// Compares what Berth did (none: a call that C++ does not have) with what Haystack did, or with what a named
/// difference says.
void compare(const Answer& haystack, const std::optional<Outcome>& berth) {
  std::string by = "Haystack";
  auto expected =
      haystack.failed() ? Expected::message(haystack.message()) : Expected::result(*haystack.haystack.find("result"));
  for (const auto& difference : differences()) {
    if (auto other = difference.rule(haystack)) {
      expected = std::move(*other);
      by = "the difference " + std::string(difference.name);
      break;
    }
  }
  EXPECT_TRUE(expected.met_by(berth)) << haystack.of.file << " " << haystack.of.id << " " << haystack.of.op << " "
                                      << haystack.of.input() << "\n  " << haystack.part << "\n  by " << by << ": "
                                      << expected.str()
                                      << "\n  Berth: " << (berth ? berth->str() : "a call that C++ does not have");
}

ComponentDevice device_of(const Value& dict) {
  const Value* inner = dict.find("$component_device");
  return ComponentDevice::from_dict(inner == nullptr ? dict : *inner);
}
std::optional<ComponentDevice> maybe_device_of(const Value& dict) {
  if (dict.is_null()) return std::nullopt;
  return device_of(dict);
}

Value described(const Device& device) {
  return Value::Object{
      {"type", to_string(device.type())}, {"id", device.id() ? Value(*device.id()) : Value()}, {"str", device.str()}};
}

Value described(const DeviceMap& map) {
  Value::Array items;
  for (const auto& [name, device] : map) items.push_back(Value::Array{name, device.str()});
  return Value::Object{{"to_dict", map.to_dict()},
                       {"len", map.size()},
                       {"first_device", map.first_device() ? Value(map.first_device()->str()) : Value()},
                       {"items", std::move(items)}};
}

const std::map<std::string, Value (*)(const ComponentDevice&)>& methods() {
  static const std::map<std::string, Value (*)(const ComponentDevice&)> all = {
      {"to_dict", [](const ComponentDevice& device) { return device.to_dict(); }},
      {"to_hf", [](const ComponentDevice& device) { return to_hf(device); }},
      {"to_torch_str", [](const ComponentDevice& device) { return Value(to_torch_str(device)); }},
      // The torch.device of that text; tests/torch has libtorch's own.
      {"to_torch",
       [](const ComponentDevice& device) {
         return Value(Value::Object{{"$torch_device", to_torch_str(device)}});
       }},
      {"to_spacy", [](const ComponentDevice& device) { return Value(to_spacy(device)); }},
      {"has_multiple_devices", [](const ComponentDevice& device) { return Value(device.has_multiple_devices()); }},
      {"first_device",
       [](const ComponentDevice& device) {
         const auto first = device.first_device();
         return first ? Value(Value::Object{{"$component_device", first->to_dict()}}) : Value();
       }},
      {"update_hf_kwargs_empty",
       [](const ComponentDevice& device) {
         Value::Object kwargs;
         update_hf_kwargs(device, kwargs, false);
         return Value(kwargs);
       }},
  };
  return all;
}

/// Every method that Haystack was asked, or how making the device failed.
void compare_component_device(const Case& of, const Value& haystack, const std::function<ComponentDevice()>& make) {
  std::optional<ComponentDevice> device;
  const auto made = outcome_of([&] {
    device = make();
    return Value("made");
  });
  if (haystack.find("error") != nullptr) return compare({of, "", haystack}, made);
  if (!made.result) return compare({of, "", Value::Object{{"result", haystack}}}, made);
  for (const auto& [name, answer] : haystack.as_object()) {
    const auto method = methods().find(name);
    if (method == methods().end()) {
      ADD_FAILURE() << of.id << ": unknown method " << name;
      continue;
    }
    const Value to_dict = device->to_dict();
    compare({of, name, answer, to_dict}, outcome_of([&] { return method->second(*device); }));
  }
}

Value with_texts_of_torch(const Value& haystack) {
  const Value* result = haystack.find("result");
  return result == nullptr ? haystack : Value(Value::Object{{"result", without_torch_objects(*result)}});
}

/// Compares the call that the case is about; answers whether Berth has a result that can be asked further.
bool compare_call(const Case& of, const std::optional<Outcome>& berth) {
  compare({of, "", with_texts_of_torch(ending(of.all))}, berth);
  return berth && berth->result;
}

void check_device_type_from_str(const Case& of) {
  compare_call(of, outcome_of([&] { return Value(to_string(device_type_from_str(of.input().as_string()))); }));
}

void check_device_from_str(const Case& of) {
  std::optional<Device> device;
  const bool made = compare_call(of, outcome_of([&] {
                                   device = Device::from_str(of.input().as_string());
                                   return described(*device);
                                 }));
  if (made && of.all.find("error") == nullptr)
    compare_component_device(of, of.at("component_device"), [&] { return ComponentDevice::from_single(*device); });
}

void compare_map(const Case& of, const std::function<DeviceMap()>& make) {
  std::optional<DeviceMap> map;
  const bool made = compare_call(of, outcome_of([&] {
                                   map = make();
                                   return described(*map);
                                 }));
  if (made && of.all.find("error") == nullptr)
    compare_component_device(of, of.at("component_device"), [&] { return ComponentDevice::from_multiple(*map); });
}

void check_device_map_from_dict(const Case& of) {
  compare_map(of, [&] { return DeviceMap::from_dict(of.input()); });
}

void check_device_map_from_hf(const Case& of) {
  const Answer answer{of, "", ending(of.all)};
  const auto cannot_be_written = differences().front().rule(answer);
  if (cannot_be_written) return compare(answer, std::nullopt);
  compare_map(of, [&] { return device_map_from_hf(without_torch_objects(of.input())); });
}

void check_component_device_from_dict(const Case& of) {
  const Value haystack = of.all.find("error") == nullptr ? of.at("result") : ending(of.all);
  compare_component_device(of, haystack, [&] { return ComponentDevice::from_dict(of.input()); });
}

template <class T>
std::optional<Outcome> construct(const Case& of, std::optional<T>& object) {
  try {
    return outcome_of([&] {
      const auto read = ExpressionReader(of.input().as_string()).read();
      if (!std::holds_alternative<T>(read)) throw UnreadableExpression("not of the type to construct");
      object = std::get<T>(read);
      return Value("made");
    });
  } catch (const ImpossibleArgument&) {
    return std::nullopt;
  }
}

void check_construct_device(const Case& of) {
  std::optional<Device> device;
  auto outcome = construct(of, device);
  if (device) outcome->result = described(*device);
  if (compare_call(of, outcome) && of.all.find("from_single") != nullptr)
    compare_component_device(of, of.at("from_single"), [&] { return ComponentDevice::from_single(*device); });
}

void check_construct_component_device(const Case& of) {
  std::optional<ComponentDevice> device;
  const auto outcome = construct(of, device);
  if (!device)
    compare_call(of, outcome);
  else
    compare_component_device(of, of.all.find("error") == nullptr ? of.at("result") : ending(of.all),
                             [&] { return *device; });
}

/// "Device.from_str(a) == Device.from_str(b)" and the like, also as component devices.
void check_equality(const Case& of) {
  const std::string maker = of.op.substr(0, of.op.find('('));
  ASSERT_EQ(of.op, maker + "(a) == " + maker + "(b)");
  const auto& pair = of.input().as_array();
  ASSERT_EQ(pair.size(), 2u) << of.id;
  const auto compare_both = [&](const auto& make, const auto& as_component_device) {
    compare_call(of, outcome_of([&] { return Value(make(pair[0]) == make(pair[1])); }));
    const Value* component = of.all.find("component_device_equal");
    if (component == nullptr) return;
    const Value haystack = component->is_object() ? ending(*component) : Value(Value::Object{{"result", *component}});
    compare({of, "component_device_equal", haystack}, outcome_of([&] {
              return Value(as_component_device(make(pair[0])) == as_component_device(make(pair[1])));
            }));
  };
  const auto as_single = [](const Device& device) { return ComponentDevice::from_single(device); };
  const auto as_multiple = [](const DeviceMap& map) { return ComponentDevice::from_multiple(map); };
  const auto as_it_is = [](const auto& device) { return device; };
  if (maker == "Device.from_str")
    compare_both([](const Value& text) { return Device::from_str(text.as_string()); }, as_single);
  else if (maker == "DeviceMap.from_dict")
    compare_both([](const Value& dict) { return DeviceMap::from_dict(dict); }, as_multiple);
  else if (maker == "DeviceMap.from_hf")
    compare_both([](const Value& map) { return device_map_from_hf(without_torch_objects(map)); }, as_multiple);
  else if (maker == "ComponentDevice.from_dict")
    compare_both([](const Value& dict) { return ComponentDevice::from_dict(dict); }, as_it_is);
  else if (maker == "ComponentDevice.from_str")
    compare_both([](const Value& text) { return ComponentDevice::from_str(text.as_string()); }, as_it_is);
  else if (maker == "DeviceType.from_str")
    compare_both([](const Value& text) { return device_type_from_str(text.as_string()); }, as_it_is);
  else
    ADD_FAILURE() << of.id << ": unknown " << maker;
}

void check_resolve_default(const Case& of) {
  std::vector<Device> available = {Device::cpu()};
  Value::Object environment;
  for (const auto& [name, value] : of.input().as_object()) {
    if (name == "env")
      environment = value.as_object();
    else if (value.as_bool())
      available.push_back(Device::from_str(name == "cuda" ? "cuda:0" : name));
  }
  const Environment set(environment);
  compare_call(of, outcome_of([&] {
                 return resolve({}, test::machine_of(available), ResolvePolicy::from_environment()).device.to_dict();
               }));
}

void check_resolve_given(const Case& of) {
  const Value& input = of.input();
  const Answer answer{of, "", ending(of.all)};
  if (differences().front().rule(answer)) return compare(answer, std::nullopt);

  std::optional<ComponentDevice> given;
  const auto resolved = outcome_of([&] {
    if (const Value* device = input.find("$device"))
      given = Device::from_str(device->as_string());
    else if (const Value* map = input.find("$device_map"))
      given = DeviceMap::from_dict(*map);
    else
      given = maybe_device_of(input);
    const Environment none({});
    // The cases were written on a machine with a CPU only; a given device does not look at the machine at all.
    const auto cpu_only = test::machine_of({Device::cpu()});
    return (given ? ComponentDevice::resolve_device(given) : resolve({}, cpu_only).device).to_dict();
  });
  // Either of the two ways in which a device is written down, or the device with all its methods.
  const Value* result = of.all.find("result");
  if (result != nullptr && result->find("$component_device") != nullptr)
    return compare({of, "", Value::Object{{"result", *result->find("$component_device")}}}, resolved);
  if (result != nullptr && result->find("to_dict") != nullptr)
    return compare_component_device(of, *result, [&] { return ComponentDevice::from_dict(*resolved.result); });
  compare(answer, resolved);
}

void check_update_hf_kwargs(const Case& of) {
  const auto& input = of.input().as_object();
  compare_call(of, outcome_of([&] {
                 auto kwargs = without_torch_objects(input.at("hf_kwargs")).as_object();
                 update_hf_kwargs(device_of(input.at("device")), kwargs, input.at("overwrite").as_bool());
                 return Value(kwargs);
               }));
}

/// The device to give where the case leaves it to the machine, which then was "(default device: X)": none where this
/// machine has the same default.
std::optional<ComponentDevice> given_or_default(const Case& of, const Value& given) {
  if (!given.is_null()) return device_of(given);
  static constexpr std::string_view start = "(default device: ";
  const auto at = of.op.find(start);
  if (at == std::string::npos) return std::nullopt;
  const auto text = of.op.substr(at + start.size());
  const auto default_device = ComponentDevice::from_str(text.substr(0, text.find(')')));
  if (ComponentDevice::resolve_device() == default_device) return std::nullopt;
  return default_device;
}

void check_resolve_hf_device_map(const Case& of) {
  const auto& input = of.input().as_object();
  const Environment none({});
  int warnings = 0;
  const LogCallback log = [&](LogLevel level, std::string_view) { warnings += level == LogLevel::warning; };
  const auto outcome = outcome_of([&] {
    const Value& kwargs = input.at("model_kwargs");
    return Value(resolve_hf_device_map(given_or_default(of, input.at("device")),
                                       kwargs.is_null() ? Value::Object{} : without_torch_objects(kwargs).as_object(),
                                       log));
  });
  compare_call(of, outcome);
  if (const Value* warns = of.all.find("warns")) {
    EXPECT_EQ(warnings > 0, warns->as_bool()) << of.id;
  }
}

std::optional<std::string> token_of(const Value& token) {
  if (token.is_null()) return std::nullopt;
  if (token.is_string()) return token.as_string();
  const Value* secret = token.find("$secret");
  return Secret::from_dict(secret == nullptr ? token : *secret).resolve_value();
}

void check_resolve_hf_pipeline_kwargs(const Case& of) {
  const auto& input = of.input().as_object();
  const Environment none({});
  std::vector<std::string> supported_tasks;
  for (const auto& task : input.at("supported_tasks").as_array()) supported_tasks.push_back(task.as_string());
  const auto outcome = outcome_of([&] {
    const Value& task = input.at("task");
    return Value(resolve_hf_pipeline_kwargs(
        without_torch_objects(input.at("huggingface_pipeline_kwargs")).as_object(), input.at("model").as_string(),
        task.is_null() ? std::nullopt : std::optional(task.as_string()), supported_tasks,
        given_or_default(of, input.at("device")), token_of(input.at("token"))));
  });
  compare_call(of, outcome);
}

void check_hf_model_kwargs(const Case& of, void (*change)(Value::Object&)) {
  const auto outcome = outcome_of([&] {
    auto kwargs = without_torch_objects(of.input()).as_object();
    change(kwargs);
    return Value(kwargs);
  });
  compare_call(of, outcome);
}
void check_serialize_hf_model_kwargs(const Case& of) { check_hf_model_kwargs(of, serialize_hf_model_kwargs); }
void check_deserialize_hf_model_kwargs(const Case& of) { check_hf_model_kwargs(of, deserialize_hf_model_kwargs); }

using Check = void (*)(const Case&);
Check check_of(const std::string& op) {
  static const std::map<std::string, Check> checks = {
      {"DeviceType.from_str", check_device_type_from_str},
      {"Device.from_str", check_device_from_str},
      {"DeviceMap.from_dict", check_device_map_from_dict},
      {"DeviceMap.from_hf", check_device_map_from_hf},
      {"ComponentDevice.from_dict", check_component_device_from_dict},
      {"construct Device", check_construct_device},
      {"construct ComponentDevice", check_construct_component_device},
      {"ComponentDevice.resolve_device(None)", check_resolve_default},
      {"ComponentDevice.resolve_device", check_resolve_given},
      {"ComponentDevice.update_hf_kwargs", check_update_hf_kwargs},
      {"resolve_hf_device_map", check_resolve_hf_device_map},
      {"resolve_hf_pipeline_kwargs", check_resolve_hf_pipeline_kwargs},
      {"serialize_hf_model_kwargs", check_serialize_hf_model_kwargs},
      {"deserialize_hf_model_kwargs", check_deserialize_hf_model_kwargs},
  };
  if (op.find("(a) == ") != std::string::npos) return check_equality;
  const auto check = checks.find(op.substr(0, op.find(" (default device: ")));
  return check == checks.end() ? nullptr : check->second;
}

// One test for all: the names of the cases depend on BERTH_CORPUS_DIR, those of tests must not.
TEST(HaystackDevices, AnswersEveryCaseAsHaystackOrAsADifferenceSays) {
  const auto cases = device_cases();
  ASSERT_FALSE(cases.empty()) << folder();
  for (const auto& each : cases) {
    const Check check = check_of(each.op);
    if (check == nullptr) {
      ADD_FAILURE() << each.file << " " << each.id << ": unknown op " << each.op;
      continue;
    }
    try {
      check(each);
    } catch (const std::exception& error) {
      ADD_FAILURE() << each.file << " " << each.id << " " << each.op << " " << each.input() << ": " << error.what();
    }
  }
  RecordProperty("cases", static_cast<int>(cases.size()));
}

}  // namespace
}  // namespace berth::corpus
