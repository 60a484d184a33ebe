#include "corpus/haystack_differences.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "corpus/device_texts.h"
#include "corpus/python_expression.h"

namespace berth::corpus {
namespace {

constexpr std::string_view neither_nor_both =
    "The component device can neither be empty nor contain both a single device and a device map";

/// What Hugging Face's form of a serialized device is where "cuda" without an id means 0.
Value hf_of(const Value& device) {
  if (const Value* single = device.find("device")) return *single;
  Value::Object map;
  for (const auto& [name, entry] : device.find("device_map")->as_object()) {
    const DeviceText text(entry.as_string());
    map.set(name, text.type == "cuda" ? Value(text.id ? std::stoi(*text.id) : 0) : entry);
  }
  return map;
}

/// Whether a device map has an entry that is no device for another reason than its text.
bool has_another_mistake(const Case& of) {
  const bool is_of_hf = of.op == "DeviceMap.from_hf";
  if ((!is_of_hf && of.op != "DeviceMap.from_dict") || !of.input().is_object()) return false;
  return std::ranges::any_of(of.input().as_object(), [&](const auto& entry) {
    const auto& device = entry.second;
    if (device.is_string()) return false;
    return !is_of_hf || (device.is_int() ? device.as_int() < 0 : device.find("$torch_device") == nullptr);
  });
}

std::optional<Expected> own_types(const Answer& answer) {
  for (const auto* type : {"vulkan", "npu", "rpc"}) {
    if (answer.message() != fmt::format("Unknown device type string '{}'", type)) continue;
    if (answer.of.op == "DeviceType.from_str") return Expected::result(type);
    if (has_another_mistake(answer.of)) return Expected::any_error();
    const auto error = first_error(device_texts(answer.of));
    return error ? Expected::message(shown(*error)) : Expected::any_result();
  }
  return std::nullopt;
}

std::optional<Expected> unusual_id(const Answer& answer, bool (*is_unusual)(const DeviceText&)) {
  const auto texts = device_texts(answer.of);
  if (std::ranges::none_of(texts, [&](const auto& text) { return is_unusual(DeviceText(text)); })) return std::nullopt;
  if (has_another_mistake(answer.of)) return Expected::any_error();  // the first in the map tells
  const auto error = first_error(texts);
  if (answer.message() == *error) return std::nullopt;
  return Expected::message(shown(*error));
}

bool has_unusual_spelling(const DeviceText& text) {
  return text.id && !is_plain_integer(*text.id) && text.id->find(':') == std::string::npos;
}

std::optional<Expected> id_spelling(const Answer& answer) {
  const auto texts = device_texts(answer.of);
  const auto unusual =
      std::ranges::count_if(texts, [](const auto& text) { return has_unusual_spelling(DeviceText(text)); });
  // Python's int() did not take it either.
  if (unusual == 1 && answer.message().starts_with("Device id must be an integer, got ")) return std::nullopt;
  return unusual_id(answer, has_unusual_spelling);
}

std::optional<Expected> id_range(const Answer& answer) {
  if (auto expected = unusual_id(answer, [](const DeviceText& text) { return text.is_beyond_int(); })) return expected;
  if (answer.of.op != "DeviceMap.from_hf" || !answer.of.input().is_object()) return std::nullopt;
  for (const auto& [name, device] : answer.of.input().as_object())
    if (device.is_number() && device.as_double() > 2147483647.0 && !answer.failed()) return Expected::any_error();
  return std::nullopt;
}

std::optional<Expected> boolean_as_id(const Answer& answer) {
  if (answer.of.op != "DeviceMap.from_hf" || !answer.of.input().is_object()) return std::nullopt;
  for (const auto& [name, device] : answer.of.input().as_object()) {
    if (!device.is_bool()) continue;
    if (answer.failed()) return Expected::any_error();  // Haystack fails at another entry
    return Expected::message(fmt::format("Couldn't convert HuggingFace device map - unexpected device '{}' for '{}'",
                                         device.as_bool() ? "True" : "False", name));
  }
  return std::nullopt;
}

std::optional<Expected> cuda_without_id(const Answer& answer) {
  if (answer.error_type() != "AssertionError") return std::nullopt;
  if (answer.part == "to_spacy") return Expected::result(0);
  if (answer.part == "to_hf") return Expected::result(hf_of(answer.device));
  if (answer.part == "update_hf_kwargs_empty")
    return Expected::result(Value::Object{{"device_map", hf_of(answer.device)}});
  if (!answer.part.empty()) return std::nullopt;
  for (const char* name : {"hf_kwargs", "model_kwargs"}) {
    const Value* given = answer.of.input().find(name);
    if (given == nullptr) continue;
    auto kwargs = given->is_null() ? Value::Object{} : without_torch_objects(*given).as_object();
    kwargs.set("device_map", hf_of(*answer.of.input().find("device")));
    return Expected::result(std::move(kwargs));
  }
  if (const Value* kwargs = answer.of.input().find("huggingface_pipeline_kwargs")) {
    // What would have come next: the task.
    const Value* task = answer.of.input().find("task");
    if (task->is_null() || *task == Value("")) task = kwargs->find("task");
    const auto& supported = answer.of.input().find("supported_tasks")->as_array();
    const bool is_supported = task != nullptr && std::ranges::find(supported, *task) != supported.end();
    return is_supported ? Expected::any_result() : Expected::any_error();
  }
  return std::nullopt;
}

std::optional<Expected> first_device_of_empty_map(const Answer& answer) {
  if (answer.part != "first_device" || answer.error_type() != "AssertionError") return std::nullopt;
  if (*answer.device.find("device_map") != Value(Value::Object{})) return std::nullopt;
  return Expected::result(nullptr);
}

bool constructs_component_device(const Answer& answer) {
  return answer.of.op == "construct ComponentDevice" && answer.part.empty();
}

std::optional<Expected> refused_at_construction(const Answer& answer) {
  const Value* result = answer.haystack.find("result");
  const Value* used = result == nullptr ? nullptr : result->find("to_hf");
  const Value* error = used == nullptr ? nullptr : used->find("error");
  if (!constructs_component_device(answer) || error == nullptr) return std::nullopt;
  if (*error->find("message") != Value(neither_nor_both)) return std::nullopt;
  return Expected::message(std::string(neither_nor_both));
}

std::optional<Expected> disk_refused_at_construction(const Answer& answer) {
  const Value* result = answer.haystack.find("result");
  const Value* to_dict = result == nullptr ? nullptr : result->find("to_dict");
  const Value* dict = to_dict == nullptr ? nullptr : to_dict->find("result");
  const Value* device = dict == nullptr ? nullptr : dict->find("device");
  if (!constructs_component_device(answer) || device == nullptr || DeviceText(device->as_string()).type != "disk")
    return std::nullopt;
  return Expected::message("The disk device can only be used as a part of device maps");
}

std::optional<Expected> type_system(const Answer& answer) {
  const Value& input = answer.of.input();
  if (answer.of.op.starts_with("construct ")) {
    try {
      ExpressionReader(input.as_string()).read();
    } catch (const ImpossibleArgument&) {
      return Expected::no_call();
    } catch (const std::invalid_argument&) {  // an answer of Berth, judged elsewhere
    }
  }
  if (answer.of.op == "ComponentDevice.resolve_device" && !input.is_null() &&
      input.find("$component_device") == nullptr && input.find("$device") == nullptr &&
      input.find("$device_map") == nullptr)
    return Expected::no_call();
  if (answer.of.op == "DeviceMap.from_hf" && input.is_object())
    for (const auto& [name, device] : input.as_object())
      if (device.is_object() && !device.as_object().empty() && device.find("$torch_device") == nullptr &&
          device.as_object().front().first.starts_with('$'))
        return Expected::no_call();
  return std::nullopt;
}

std::optional<Expected> device_as_component_device(const Answer& answer) {
  const Value& input = answer.of.input();
  if (answer.of.op != "ComponentDevice.resolve_device") return std::nullopt;
  if (input.find("$device_map") != nullptr) return Expected::any_result();
  const Value* device = input.find("$device");
  if (device == nullptr) return std::nullopt;
  if (DeviceText(device->as_string()).type == "disk")
    return Expected::message("The disk device can only be used as a part of device maps");
  return Expected::result(Value::Object{{"type", "single"}, {"device", *device}});
}

std::optional<Expected> torch_device_index(const Answer& answer) {
  if (answer.part != "to_torch" || answer.device.find("device") == nullptr) return std::nullopt;
  const std::string device = answer.device.find("device")->as_string();
  const DeviceText text(device);
  if (!text.id || std::stoll(*text.id) <= 127) return std::nullopt;
  return Expected::result(Value::Object{{"$torch_device", device}});
}

std::optional<Expected> no_model_hub(const Answer& answer) {
  // Of a name that no model of the hub can have it says so.
  if (answer.error_type() != "OfflineModeIsEnabled" && answer.error_type() != "HFValidationError") return std::nullopt;
  return Expected::any_error();
}

std::optional<Expected> messages_of_python(const Answer& answer) {
  if (!answer.failed()) return std::nullopt;
  const auto type = answer.error_type();
  const auto message = answer.message();
  const bool of_haystack = message.starts_with("Couldn't convert HuggingFace device map");
  if ((type == "TypeError" && !of_haystack) || type == "KeyError" || type == "AttributeError" || type == "IndexError" ||
      type == "AssertionError" || type == "RuntimeError" || type == "UnboundLocalError" ||
      message.starts_with("too many values to unpack") || message.starts_with("not enough values to unpack") ||
      message.starts_with("dictionary update sequence"))
    return Expected::any_error();
  return std::nullopt;
}

std::optional<Expected> texts_in_messages(const Answer& answer) {
  const auto message = answer.message();
  const auto berths = shown(message);
  if (berths == message) return std::nullopt;
  return Expected::message(berths);
}

}  // namespace

std::string shown(const std::string& message) {
  // The text from outside stands in quotes or at the end; at most 200 bytes of it are shown.
  auto start = message.find(" '");
  auto end = message.rfind('\'');
  if (start == std::string::npos || end < start + 2) {
    start = message.find(", got ");
    if (start == std::string::npos) return message;
    start += 4;
    end = message.size();
  }
  start += 2;
  std::string text = message.substr(0, start);
  for (std::size_t i = start; i < end;) {
    // The character: its length by its first byte, then its number.
    const auto lead = static_cast<unsigned char>(message[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (i - start + length > 200) {
      text += "...";
      break;
    }
    unsigned code = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) code = code * 64 + (static_cast<unsigned char>(message[i + k]) & 0x3f);
    const bool turns_writing = (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    if (code == '\n' || code == '\t' || code == '\r')
      text.append(1, '\\').append(1, code == '\n' ? 'n' : code == '\t' ? 't' : 'r');
    else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
      text += fmt::format("\\x{:02x}", code);
    else if (turns_writing)
      text += fmt::format("\\u{:04x}", code);
    else
      text.append(message, i, length);
    i += length;
  }
  return text + message.substr(end);
}

const std::vector<Difference>& differences() {
  static const std::vector<Difference> all = {
      {"type-system", "what has no type in C++ is refused by the compiler", type_system},
      {"device-as-component-device", "a Device or DeviceMap is a ComponentDevice by conversion",
       device_as_component_device},
      {"refused-at-construction", "a component device of neither or both is refused when it is made",
       refused_at_construction},
      {"disk-refused-at-construction", "the disk as a single device is refused however it is made",
       disk_refused_at_construction},
      {"own-types", "vulkan, npu and rpc are devices of Berth", own_types},
      {"id-spelling", "an id is written with decimal digits and nothing else", id_spelling},
      {"id-range", "an id is at most 2147483647", id_range},
      {"boolean-as-id", "true and false are no ids", boolean_as_id},
      {"first-device-of-empty-map", "the first device of an empty map is none, without an error",
       first_device_of_empty_map},
      {"cuda-without-id", "cuda without an id is 0 where a number is needed", cuda_without_id},
      {"torch-device-index", "a torch string keeps ids above 127", torch_device_index},
      {"no-model-hub", "no model hub is asked", no_model_hub},
      {"messages-of-python", "errors of Python itself have other words", messages_of_python},
      {"texts-in-messages", "text from outside is made printable and cut in messages", texts_in_messages},
  };
  return all;
}

namespace {

TEST(HaystackDifferences, EachStandsWithItsReasonInTheDocument) {
  const auto document = read_text(BERTH_TEST_DATA_DIR "/../../docs/haystack-compatibility.md");
  std::set<std::string_view> names;
  for (const auto& difference : differences()) {
    EXPECT_TRUE(names.insert(difference.name).second) << difference.name << " is there twice";
    EXPECT_NE(document.find(fmt::format("`{}`", difference.name)), std::string::npos)
        << difference.name << " is not in docs/haystack-compatibility.md";
    EXPECT_NE(document.find(difference.reason), std::string::npos) << difference.name << ": its reason is not there";
  }
}

TEST(HaystackDifferences, TheDocumentNamesNoOthers) {
  const auto document = read_text(BERTH_TEST_DATA_DIR "/../../docs/haystack-compatibility.md");
  std::set<std::string> known;
  for (const auto& difference : differences()) known.emplace(difference.name);
  std::size_t rows = 0;
  static constexpr std::string_view start = "\n| `";
  for (auto at = document.find(start); at != std::string::npos; at = document.find(start, at + 1), ++rows) {
    const auto name = document.substr(at + start.size(), document.find('`', at + start.size()) - at - start.size());
    EXPECT_TRUE(known.contains(name)) << name << " is in the document only";
  }
  EXPECT_EQ(rows, differences().size());
}

TEST(HaystackDifferences, OrdinaryTextsInMessagesStayAsTheyAre) {
  EXPECT_EQ(shown("Unknown device type string 'gpu\xC3\xBC'"), "Unknown device type string 'gpu\xC3\xBC'");
  EXPECT_EQ(shown("Device id must be an integer, got "), "Device id must be an integer, got ");
  EXPECT_EQ(shown("Unknown device type string '\n'"), "Unknown device type string '\\n'");
  EXPECT_EQ(shown("Unknown device type string '" + std::string(201, 'x') + "'"),
            "Unknown device type string '" + std::string(200, 'x') + "...'");
}

}  // namespace
}  // namespace berth::corpus
