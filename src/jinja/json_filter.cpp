/// tojson: Python's json.dumps().
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "jinja/function.h"
#include "jinja/objects.h"
#include "jinja/operators.h"
#include "text/utf8.h"
#include "value/python_text.h"

namespace berth::jinja {
namespace {

struct JsonOptions {
  bool ascii = true;
  bool sort_keys = false;
  bool html_safe = false;  ///< without <, >, & and '
  Any indent;              ///< None, or the text of one level
  Any item_separator;
  Any key_separator;
};

class JsonWriter {
 public:
  JsonWriter(Run& run, const JsonOptions& options) : run_(run), options_(options), out_(run) {}

  Any write(const Any& value) {
    write_value(value);
    return out_.finish(options_.html_safe);
  }

 private:
  void write_value(const Any& value) {
    run_.count_steps(1);
    switch (value.type()) {
      case Type::none:
        return out_.append("null");
      case Type::boolean:
        return out_.append(value.boolean() ? "true" : "false");
      case Type::integer:
      case Type::big:
        return write_repr(out_, value);
      case Type::floating:
        return write_float(value.floating());
      case Type::string:
        return write_text(value.string());
      case Type::list:
      case Type::tuple:
        return write_list(value);
      case Type::dict:
        return write_dict(value);
      case Type::undefined:
      case Type::object:
        break;
    }
    type_error(fmt::format("Object of type {} is not JSON serializable", type_name(value)));
  }

  void write_float(double number) {
    if (std::isnan(number))
      out_.append("NaN");
    else if (std::isinf(number))
      out_.append(number < 0 ? "-Infinity" : "Infinity");
    else
      out_.append(python_float(number));
  }

  void write_unit(std::uint32_t unit) { out_.append(fmt::format("\\u{:04x}", unit)); }

  void write_text(const Str& text) {
    out_.append('"');
    const auto& bytes = text.bytes;
    std::size_t from = 0;
    for (std::size_t at = 0; at < bytes.size();) {
      const char c = bytes[at];
      const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\' &&
                         !(options_.html_safe && (c == '<' || c == '>' || c == '&' || c == '\''));
      if (plain || (static_cast<unsigned char>(c) >= 0x7f && !options_.ascii)) {
        ++at;
        continue;
      }
      out_.append(text, from, at);
      const auto character = first_character(bytes.substr(at));
      write_escape(c, character);
      from = at += character.length;
    }
    out_.append(text, from, bytes.size());
    out_.append('"');
  }

  void write_escape(char c, const Utf8Character& character) {
    switch (c) {
      case '"':
        return out_.append("\\\"");
      case '\\':
        return out_.append("\\\\");
      case '\n':
        return out_.append("\\n");
      case '\r':
        return out_.append("\\r");
      case '\t':
        return out_.append("\\t");
      case '\f':
        return out_.append("\\f");
      case '\b':
        return out_.append("\\b");
      default:
        break;
    }
    const auto code = character.state == Utf8Character::whole ? character.code : 0xFFFD;
    if (code < 0x10000) return write_unit(code);
    write_unit(0xD800 + ((code - 0x10000) >> 10U));
    write_unit(0xDC00 + (code & 0x3FFU));
  }

  void enter(const void* container) {
    if (std::ranges::find(open_, container) != open_.end()) value_error("Circular reference detected");
    open_.push_back(container);
  }

  void new_line() {
    if (options_.indent.is_none()) return;
    out_.append('\n');
    for (std::size_t i = 0; i < open_.size(); ++i) out_.append(options_.indent.string());
  }

  void write_list(const Any& list) {
    const auto& items = list.items().items;
    if (items.empty()) return out_.append("[]");
    const DeeperValue deeper(run_);
    enter(&list.items());
    out_.append('[');
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_.append(options_.item_separator.string());
      new_line();
      write_value(items[i]);
    }
    open_.pop_back();
    new_line();
    out_.append(']');
  }

  void write_key(const Any& key) {
    switch (key.type()) {
      case Type::string:
        return write_text(key.string());
      case Type::none:
      case Type::boolean:
      case Type::integer:
      case Type::big:
      case Type::floating:
        out_.append('"');
        write_value(key);
        return out_.append('"');
      default:
        type_error(fmt::format("keys must be str, int, float, bool or None, not {}", type_name(key)));
    }
  }

  void write_dict(const Any& dict) {
    if (dict.dict().empty()) return out_.append("{}");
    const DeeperValue deeper(run_);
    enter(&dict.dict());
    std::vector<std::pair<Any, Any>> entries;
    for (const auto& entry : dict.dict().entries()) entries.emplace_back(entry.key, entry.value);
    if (options_.sort_keys) sort(run_, entries, false);
    out_.append('{');
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_.append(options_.item_separator.string());
      new_line();
      write_key(entries[i].first);
      out_.append(options_.key_separator.string());
      write_value(entries[i].second);
    }
    open_.pop_back();
    new_line();
    out_.append('}');
  }

  Run& run_;
  const JsonOptions& options_;
  TextBuilder out_;
  std::vector<const void*> open_;
};

Any indent_text(Run& run, const Any& indent) {
  if (indent.is_none() || indent.is_string()) return indent;
  if (!indent.is_whole()) type_error(fmt::format("can't multiply sequence by non-int of type '{}'", type_name(indent)));
  return arithmetic(run, Op::multiply, run.view(" "), indent);
}

/// In templates of prompts: tojson(indent). In chat templates: tojson(ensure_ascii, indent, separators, sort_keys).
Any to_json(Run& run, Bound& bound) {
  const bool chat = run.environment.chat;
  static constexpr std::array<std::string_view, 4> chat_names = {"ensure_ascii", "indent", "separators", "sort_keys"};
  static constexpr std::array<std::string_view, 1> prompt_names = {"indent"};
  const auto parameters =
      chat ? std::span<const std::string_view>(chat_names) : std::span<const std::string_view>(prompt_names);
  std::array<Any, 4> given;
  if (bound.rest->positional.size() > parameters.size()) type_error("tojson() takes fewer arguments");
  std::ranges::copy(bound.rest->positional, given.begin());
  for (const auto& [name, value] : bound.rest->named) {
    const auto at = std::ranges::find(parameters, name) - parameters.begin();
    if (static_cast<std::size_t>(at) == parameters.size())
      type_error(fmt::format("tojson() got an unexpected keyword argument '{}'", name));
    if (static_cast<std::size_t>(at) < bound.rest->positional.size())
      type_error(fmt::format("tojson() got multiple values for argument '{}'", name));
    given[static_cast<std::size_t>(at)] = value;
  }
  JsonOptions options;
  options.html_safe = options.sort_keys = !chat;
  options.indent = indent_text(run, given[chat ? 1 : 0]);
  options.item_separator = run.view(options.indent.is_none() ? ", " : ",");
  options.key_separator = run.view(": ");
  if (chat) {
    options.ascii = truth(run, given[0]);
    options.sort_keys = truth(run, given[3]);
    if (!given[2].is_none()) {
      const auto* separators = list_of(run, given[2]);
      if (separators->items.size() != 2)
        value_error("separators are a pair: the one of entries and the one after a key");
      options.item_separator = Any(&text_argument(separators->items[0], "separators"));
      options.key_separator = Any(&text_argument(separators->items[1], "separators"));
    }
  }
  return JsonWriter(run, options).write(bound.self);
}

constexpr std::array json_table = {Function("tojson", "*", to_json)};

}  // namespace

const std::span<const Function> json_filters = json_table;

}  // namespace berth::jinja
