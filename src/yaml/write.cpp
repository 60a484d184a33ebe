#include <yaml.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "value/python_text.h"
#include "yaml/keys.h"
#include "yaml/yaml.h"

namespace berth::yaml {
namespace {

/// libyaml takes text that is not const, and copies it.
yaml_char_t* bytes(const std::string& text) {
  return const_cast<yaml_char_t*>(reinterpret_cast<const yaml_char_t*>(text.data()));
}

/// As PyYAML writes a float: YAML 1.1 asks for a point in it.
std::string float_text(double number) {
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
  auto text = python_float(number);
  if (const auto e = text.find('e'); e != text.npos && text.find('.') == text.npos) text.insert(e, ".0");
  return text;
}

class Writer {
 public:
  Writer() {
    if (yaml_emitter_initialize(&emitter_) == 0) throw std::bad_alloc();
    yaml_emitter_set_output(
        &emitter_,
        [](void* text, unsigned char* buffer, std::size_t size) {
          static_cast<std::string*>(text)->append(reinterpret_cast<const char*>(buffer), size);
          return 1;
        },
        &text_);
    yaml_emitter_set_width(&emitter_, 80);
    yaml_emitter_set_indent(&emitter_, 2);
  }
  ~Writer() { yaml_emitter_delete(&emitter_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  std::string write(const Value& value) {
    root_ = &value;
    emit([](auto& event) { return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING); });
    emit([](auto& event) { return yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1); });
    node(value);
    emit([](auto& event) { return yaml_document_end_event_initialize(&event, 1); });
    emit([](auto& event) { return yaml_stream_end_event_initialize(&event); });
    if (!empty_key_.empty()) put_empty_keys();
    return std::move(text_);
  }

 private:
  template <class F>
  void emit(F initialize) {
    yaml_event_t event = {};
    if (initialize(event) == 0) throw std::invalid_argument("text that is not UTF-8 cannot be written as YAML");
    if (yaml_emitter_emit(&emitter_, &event) == 0)
      throw std::invalid_argument(std::string("this cannot be written as YAML: ") +
                                  (emitter_.problem == nullptr ? "" : emitter_.problem));
  }

  void scalar(const std::string& text, bool plain) {
    emit([&](auto& event) {
      return yaml_scalar_event_initialize(&event, nullptr, nullptr, bytes(text), static_cast<int>(text.size()),
                                          plain ? 1 : 0, 1, YAML_ANY_SCALAR_STYLE);
    });
  }

  void text(const std::string& text) { scalar(text, resolves_to_text(text)); }

  static bool resolves_to_text(std::string_view text) {
    // PyYAML reads these as something else than text, or not at all.
    if (text == "=" || text == "<<" || is_timestamp(text)) return false;
    return type_of(text) == ScalarType::text;
  }

  /// `key`: whose value it is.
  void node(const Value& value, std::string_view key = {}) {
    if (value.is_null())
      scalar("null", true);
    else if (value.is_bool())
      scalar(value.as_bool() ? "true" : "false", true);
    else if (value.is_int() || value.is_large_int())
      scalar(value.int_text(), true);
    else if (value.is_double())
      scalar(float_text(value.as_double()), true);
    else if (value.is_string())
      text(value.as_string());
    else if (value.is_instance())
      node(value.as_instance().to_dict());
    else if (value.is_array())
      sequence(value.as_array());
    else
      mapping(value.as_object(), may_have_numbers(key));
  }

  void sequence(const Value::Array& array) {
    emit([](auto& event) {
      return yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_SEQUENCE_STYLE);
    });
    for (const auto& each : array) node(each);
    emit([](auto& event) { return yaml_sequence_end_event_initialize(&event); });
  }

  void mapping(const Value::Object& object, bool has_numbers) {
    emit([](auto& event) {
      return yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_MAPPING_STYLE);
    });
    for (const auto* entry : in_order(object, has_numbers)) {
      const auto& key = entry->first;
      if (has_numbers && is_number(key))
        scalar(key, true);
      else
        text(key.empty() ? empty_key() : key);
      node(entry->second, key);
    }
    emit([](auto& event) { return yaml_mapping_end_event_initialize(&event); });
  }

  /// Sorted, as PyYAML does; where there are texts beside numbers, which Python cannot sort, as they stand.
  static std::vector<const Value::Object::value_type*> in_order(const Value::Object& object, bool has_numbers) {
    std::vector<const Value::Object::value_type*> entries;
    for (const auto& entry : object) entries.push_back(&entry);
    const auto key = [](const auto* entry) -> const std::string& { return entry->first; };
    const auto numbers = has_numbers ? std::ranges::count_if(entries, is_number, key) : 0;
    if (numbers == 0) std::ranges::sort(entries, {}, key);
    if (numbers == std::ssize(entries))
      std::ranges::sort(entries, {}, [](const auto* entry) { return std::pair(entry->first.size(), entry->first); });
    return entries;
  }

  /// PyYAML writes an empty key after a question mark, libyaml does so with long ones only: a long key that is nowhere in
  /// the value stands for it until all is written.
  const std::string& empty_key() {
    constexpr std::size_t long_key = 130;
    if (empty_key_.empty()) {
      empty_key_.assign(long_key, 'k');
      for (const auto all = root_->to_json(); all.find(empty_key_) != all.npos;) empty_key_ += 'k';
    }
    return empty_key_;
  }
  void put_empty_keys() {
    std::string text;
    std::string_view rest = text_;
    for (auto found = rest.find(empty_key_); found != rest.npos; found = rest.find(empty_key_)) {
      text.append(rest.substr(0, found)).append("''");
      rest.remove_prefix(found + empty_key_.size());
    }
    text_ = text.append(rest);
  }

  yaml_emitter_t emitter_ = {};
  std::string text_;
  const Value* root_ = nullptr;
  std::string empty_key_;
};

}  // namespace

std::string write(const Value& value) { return Writer().write(value); }

}  // namespace berth::yaml
