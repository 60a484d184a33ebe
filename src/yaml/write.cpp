#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "value/python_text.h"
#include "yaml/emitter.h"
#include "yaml/keys.h"
#include "yaml/yaml.h"

namespace berth::yaml {
namespace {

/// As PyYAML writes a float: YAML 1.1 asks for a point in it.
std::string float_text(double number) {
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
  auto text = python_float(number);
  if (const auto e = text.find('e'); e != text.npos && text.find('.') == text.npos) text.insert(e, ".0");
  return text;
}

bool resolves_to_text(std::string_view text) {
  // PyYAML reads these as something else than text, or not at all.
  if (text == "=" || text == "<<" || is_timestamp(text)) return false;
  return type_of(text) == ScalarType::text;
}

/// Sorted, as PyYAML does; where there are texts beside numbers, which Python cannot sort, as they stand.
std::vector<const Value::Object::value_type*> in_order(const Value::Object& object, bool has_numbers) {
  std::vector<const Value::Object::value_type*> entries;
  for (const auto& entry : object) entries.push_back(&entry);
  const auto key = [](const auto* entry) -> const std::string& { return entry->first; };
  const auto numbers = has_numbers ? std::ranges::count_if(entries, is_number, key) : 0;
  if (numbers == 0) std::ranges::sort(entries, {}, key);
  if (numbers == std::ssize(entries))
    std::ranges::sort(entries, {}, [](const auto* entry) { return std::pair(entry->first.size(), entry->first); });
  return entries;
}

class Writer {
 public:
  std::string write(const Value& value) {
    node(value, Place::root);
    return std::move(emitter_).finish();
  }

 private:
  enum class Place { root, item, value };  ///< of the document, a sequence, a mapping

  /// `key`: whose value it is.
  void node(const Value& value, Place place, std::string_view key = {}) {
    const auto scalar = [&](std::string_view text, bool plain) {
      emitter_.scalar(text, plain, false, place == Place::root);
    };
    if (value.is_null())
      scalar("null", true);
    else if (value.is_bool())
      scalar(value.as_bool() ? "true" : "false", true);
    else if (value.is_int() || value.is_large_int())
      scalar(value.int_text(), true);
    else if (value.is_double())
      scalar(float_text(value.as_double()), true);
    else if (value.is_string())
      scalar(value.as_string(), resolves_to_text(value.as_string()));
    else if (value.is_instance())
      node(value.as_instance().to_dict(), place);
    else if (value.is_array())
      sequence(value.as_array(), place);
    else
      mapping(value.as_object(), place, may_have_numbers(key));
  }

  /// The entries of a sequence stand no deeper than the key that it belongs to.
  std::size_t deeper(Place place, bool is_sequence) const {
    if (place == Place::root || (is_sequence && place == Place::value && !emitter_.is_at_begin())) return 0;
    return 2;
  }

  void sequence(const Value::Array& array, Place place) {
    if (array.empty()) return emitter_.empty("[]");
    const Emitter::Indent indent(emitter_, deeper(place, true));
    for (const auto& each : array) {
      emitter_.to_indent();
      emitter_.begin('-');
      node(each, Place::item);
    }
  }

  void mapping(const Value::Object& object, Place place, bool has_numbers) {
    if (object.empty()) return emitter_.empty("{}");
    const Emitter::Indent indent(emitter_, deeper(place, false));
    for (const auto* entry : in_order(object, has_numbers)) {
      const auto& key = entry->first;
      constexpr std::size_t tag_length = 5;  // "!!str" and "!!int", which PyYAML counts though it does not write them
      const bool is_plain = (has_numbers && is_number(key)) || resolves_to_text(key);
      const bool is_short = Emitter::is_short_key(key, tag_length);
      emitter_.to_indent();
      if (!is_short) emitter_.begin('?');
      emitter_.scalar(key, is_plain && !key.empty(), is_short);
      if (is_short) {
        emitter_.end_key();
      } else {
        emitter_.to_indent();
        emitter_.begin(':');
      }
      node(entry->second, Place::value, key);
    }
  }

  Emitter emitter_;
};

}  // namespace

std::string write(const Value& value) { return Writer().write(value); }

}  // namespace berth::yaml
