// What device strings mean, written a second time and apart from the library, for the rules of the differences.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "corpus/haystack_corpus.h"

namespace berth::corpus {

inline bool is_plain_integer(const std::string& text) {
  const std::string digits = text.substr(text.starts_with('-') ? 1 : 0);
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
}
inline bool is_own_type(const std::string& text) { return text == "vulkan" || text == "npu" || text == "rpc"; }
inline bool is_haystack_type(const std::string& text) {
  return text == "cpu" || text == "cuda" || text == "disk" || text == "mps" || text == "xpu";
}

struct DeviceText {
  std::string type;
  std::optional<std::string> id;

  explicit DeviceText(const std::string& text) : type(text.substr(0, text.find(':'))) {
    if (text.size() > type.size()) id = text.substr(type.size() + 1);
  }

  /// The id without needless zeros: "-7" of "-007".
  std::string digits() const {
    const bool negative = id->starts_with('-');
    const auto first = id->find_first_not_of("-0");
    return first == std::string::npos ? "0" : (negative ? "-" : "") + id->substr(first);
  }
  bool is_negative() const { return id && is_plain_integer(*id) && digits().starts_with('-'); }
  bool is_beyond_int() const {
    if (!id || !is_plain_integer(*id) || is_negative()) return false;
    static const std::string most = std::to_string(std::numeric_limits<int>::max());
    const std::string all = digits();
    return all.size() > most.size() || (all.size() == most.size() && all > most);
  }

  /// The text of Berth's error for it, or none where it is a device.
  std::optional<std::string> error() const {
    if (id && !is_plain_integer(*id)) return "Device id must be an integer, got " + *id;
    if (!is_haystack_type(type) && !is_own_type(type)) return "Unknown device type string '" + type + "'";
    if (is_negative()) return "Device id must be >= 0, got " + digits();
    if (is_beyond_int()) return "Device id must be <= 2147483647, got " + digits();
    return std::nullopt;
  }
};

/// The device strings that the input of a case holds, in order. `is_map`: it is a device map, where any name is a module's.
inline void collect_device_texts(const Value& value, std::vector<std::string>& texts, bool is_map = false) {
  if (value.is_string()) {
    texts.push_back(value.as_string());
  } else if (value.is_array()) {
    for (const auto& element : value.as_array()) collect_device_texts(element, texts);
  } else if (value.is_object()) {
    if (const Value* type = value.find("type"); !is_map && type != nullptr && type->is_string()) {
      if (const Value* device = value.find("device"); device != nullptr && *type == Value("single"))
        collect_device_texts(*device, texts);
      if (const Value* map = value.find("device_map"); map != nullptr && *type == Value("multiple"))
        collect_device_texts(*map, texts, true);
    } else if (const Value* torch = value.find("$torch_device")) {
      collect_device_texts(*torch, texts);
    } else {
      for (const auto& [name, element] : value.as_object())
        if (!name.starts_with('$')) collect_device_texts(element, texts);
    }
  }
}
inline std::vector<std::string> device_texts(const Case& of) {
  std::vector<std::string> texts;
  const bool within = of.op.find("kwargs") != std::string::npos || of.op.find("hf_device_map") != std::string::npos;
  if (within) {
    if (const Value* device = of.input().find("device")) collect_device_texts(*device, texts);
  } else if (of.op.find("from_") != std::string::npos && of.op != "DeviceType.from_str") {
    collect_device_texts(of.input(), texts, of.op.starts_with("DeviceMap."));
  }
  return texts;
}

/// Berth's error for the first of these that is no device.
inline std::optional<std::string> first_error(const std::vector<std::string>& texts) {
  for (const auto& text : texts)
    if (auto error = DeviceText(text).error()) return error;
  return std::nullopt;
}

}  // namespace berth::corpus
