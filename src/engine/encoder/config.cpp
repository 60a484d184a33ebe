#include "engine/encoder/config.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "berth/error.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth::encoder {
namespace {

constexpr std::size_t most_labels = 1'000'000;

}  // namespace

Config::Config(std::filesystem::path file, Value values) : file_(std::move(file)), values_(std::move(values)) {}

Config::Config(std::filesystem::path file, Value values, const Value::Object& entries)
    : Config(std::move(file), std::move(values)) {
  for (const auto& [name, value] : entries) {
    given_.push_back(name);
    values_.as_object().set(name, value);
  }
}

std::vector<std::string> Config::unread() const {
  auto names = given_;
  std::erase_if(names, [&](const std::string& name) { return asked_.contains(name); });
  return names;
}

const Value* Config::find(std::string_view name) const {
  asked_.emplace(name);
  const auto* value = values_.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void Config::fail(std::string_view name, std::string_view found, std::string_view expected) const {
  throw FormatError(file_, fmt::format("{}: found {}, expected {}", name, found, expected), std::string(expected));
}

std::int64_t Config::count(std::string_view name, std::int64_t most) const {
  if (find(name) == nullptr) fail(name, "nothing", "a whole number");
  return integer(name, 0, 1, most);
}

std::int64_t Config::integer(std::string_view name, std::int64_t otherwise, std::int64_t least,
                             std::int64_t most) const {
  const auto* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_int() || value->as_int() < least || value->as_int() > most)
    fail(name, printable(value->to_json()), fmt::format("a whole number from {} to {}", least, most));
  return value->as_int();
}

float Config::number(std::string_view name, float otherwise) const {
  const auto* value = find(name);
  if (value == nullptr) return otherwise;
  const auto number = value->is_number() ? static_cast<float>(value->as_double()) : 0.0F;
  if (!(number > 0) || !std::isfinite(number)) fail(name, printable(value->to_json()), "a number above 0");
  return number;
}

bool Config::flag(std::string_view name, bool otherwise) const {
  const auto* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) fail(name, printable(value->to_json()), "true or false");
  return value->as_bool();
}

std::string Config::text(std::string_view name, std::string_view otherwise) const {
  const auto* value = find(name);
  if (value == nullptr) return std::string(otherwise);
  if (!value->is_string()) fail(name, printable(value->to_json()), "a text");
  return value->as_string();
}

std::vector<std::string> Config::texts(std::string_view name) const {
  const auto* value = find(name);
  std::vector<std::string> parts;
  if (value == nullptr) return parts;
  if (value->is_array()) {
    for (const auto& each : value->as_array()) {
      if (!each.is_string()) fail(name, printable(each.to_json()), "a list of texts");
      parts.push_back(each.as_string());
    }
    return parts;
  }
  auto left = text(name, "");
  for (auto bar = left.find('|'); bar != left.npos; bar = left.find('|')) {
    parts.push_back(left.substr(0, bar));
    left.erase(0, bar + 1);
  }
  if (!left.empty()) parts.push_back(left);
  return parts;
}

std::vector<std::string> labels_of(const Config& config) {
  const auto* map = config.find("id2label");
  if (map == nullptr) return {};
  if (!map->is_object() || map->as_object().size() > most_labels)
    config.fail("id2label", printable(map->to_json()), "an object of labels by their numbers");
  std::vector<std::string> labels(map->as_object().size());
  std::vector<bool> seen(labels.size());
  for (const auto& [number, label] : map->as_object()) {
    std::size_t index = labels.size();
    if (!number.empty() && number.size() < 8 && number.find_first_not_of("0123456789") == number.npos)
      index = std::stoul(number);
    if (index >= labels.size() || seen[index] || label.is_array() || label.is_object())
      config.fail("id2label", in_quotes(number) + " with " + printable(label.to_json()),
                  fmt::format("the numbers 0 to {}, each once and with a label", labels.size() - 1));
    seen[index] = true;
    labels[index] = label.is_string() ? label.as_string() : python_str(label);
  }
  return labels;
}

}  // namespace berth::encoder
