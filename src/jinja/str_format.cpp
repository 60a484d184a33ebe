#include "jinja/str_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "jinja/attributes.h"
#include "jinja/format_spec.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t number_in(std::string_view text) {
  if (text.size() > 18) value_error("Too many decimal digits in format string");
  return std::stoll(std::string(text));
}

class StrFormatter {
 public:
  StrFormatter(Run& run, const Arguments& arguments, const Any* mapping)
      : run_(run), arguments_(arguments), mapping_(mapping) {}

  void write(TextBuilder& out, const Str& format, int depth) {
    if (depth < 0) value_error("Max string recursion exceeded");
    const auto& bytes = format.bytes;
    std::size_t at = 0;
    while (at < bytes.size()) {
      const auto next = std::min(bytes.find_first_of("{}", at), bytes.size());
      out.append(format, at, next);
      at = next;
      if (at == bytes.size()) break;
      run_.count_steps(1);
      if (at + 1 < bytes.size() && bytes[at + 1] == bytes[at]) {
        out.append(format, at, at + 1);
        at += 2;
        continue;
      }
      if (bytes[at] == '}') value_error("Single '}' encountered in format string");
      at = write_field(out, format, at + 1, depth);
    }
  }

 private:
  /// Answers where the text goes on after the field.
  std::size_t write_field(TextBuilder& out, const Str& format, std::size_t start, int depth) {
    const auto& bytes = format.bytes;
    if (start == bytes.size()) value_error("Single '{' encountered in format string");
    std::size_t end = start;
    int open = 1;
    for (bool in_brackets = false; end < bytes.size(); ++end) {
      const char c = bytes[end];
      if (c == '[')
        in_brackets = true;
      else if (c == ']')
        in_brackets = false;
      else if (c == '{')
        ++open;
      else if (c == '}' && --open == 0)
        break;
      if (open == 1 && !in_brackets && (c == ':' || c == '!')) break;
    }
    const auto name = bytes.substr(start, std::min(end, bytes.size()) - start);
    if (name.find('{') != name.npos) value_error("unexpected '{' in field name");
    char conversion = '\0';
    if (end < bytes.size() && bytes[end] == '!') {
      if (end + 1 >= bytes.size()) value_error("end of string while looking for conversion specifier");
      conversion = bytes[end + 1];
      end += 2;
      if (end >= bytes.size()) value_error("unmatched '{' in format spec");
      if (bytes[end] != ':' && bytes[end] != '}') value_error("expected ':' after conversion specifier");
    }
    std::string spec;
    if (end < bytes.size() && bytes[end] == ':') {
      const auto from = ++end;
      for (open = 1; end < bytes.size(); ++end) {
        if (bytes[end] == '{') ++open;
        if (bytes[end] == '}' && --open == 0) break;
      }
      if (end >= bytes.size()) value_error("expected '}' before end of string");
      const auto value = field_value(name);
      TextBuilder nested(run_);
      write(nested, part(run_, format, from, end).string(), depth - 1);
      write_value(out, value, conversion, nested.take_bytes(), format.markup);
      return end + 1;
    }
    if (end >= bytes.size()) value_error("expected '}' before end of string");
    write_value(out, field_value(name), conversion, spec, format.markup);
    return end + 1;
  }

  Any field_value(std::string_view name) {
    const auto end = std::min(name.find_first_of(".["), name.size());
    auto value = first_value(name, name.substr(0, end));
    for (auto rest = name.substr(end); !rest.empty();) {
      const bool is_attribute = rest[0] == '.';
      if (!is_attribute && rest[0] != '[') value_error("Only '.' or '[' may follow ']' in format field specifier");
      rest.remove_prefix(1);
      const auto stop = is_attribute ? std::min(rest.find_first_of(".["), rest.size()) : rest.find(']');
      if (stop == rest.npos) value_error("Missing ']' in format string");
      const auto part = rest.substr(0, stop);
      if (part.empty()) value_error("Empty attribute in format string");
      if (is_attribute)
        value = get_attribute(run_, value, run_.heap.keep(part));
      else
        value = get_item(run_, value, is_number(part) ? Any(number_in(part)) : run_.text(part));
      rest.remove_prefix(is_attribute ? stop : stop + 1);
    }
    return value;
  }

  Any first_value(std::string_view whole, std::string_view name) {
    if (whole.empty()) {
      if (numbered_) value_error("cannot switch from manual field specification to automatic field numbering");
      automatic_ = true;
      return positional(next_++);
    }
    if (is_number(whole)) {
      if (automatic_) value_error("cannot switch from manual field specification to automatic field numbering");
      numbered_ = true;
    }
    if (is_number(name)) return positional(number_in(name));
    if (mapping_ != nullptr) {
      if (!mapping_->is(Type::dict)) type_error(fmt::format("'{}' object is not a mapping", type_name(*mapping_)));
      if (const Any* value = mapping_->dict().find(run_, name)) return *value;
    }
    for (const auto& [given, value] : arguments_.named)
      if (given == name) return value;
    other_error(fmt::format("'{}'", name));
  }

  Any positional(std::int64_t index) const {
    if (static_cast<std::size_t>(index) >= arguments_.positional.size())
      other_error(fmt::format("Replacement index {} out of range for positional args tuple", index));
    return arguments_.positional[static_cast<std::size_t>(index)];
  }

  void write_value(TextBuilder& out, Any value, char conversion, std::string_view spec, bool markup) {
    if (conversion == 's') {
      value = str_of(run_, value);
    } else if (conversion == 'r') {
      TextBuilder written(run_);
      write_repr(written, value);
      value = written.finish();
    } else if (conversion == 'a') {
      value = run_.text(ascii_of(run_, value));
    } else if (conversion != '\0') {
      value_error(fmt::format("Unknown conversion specifier {}", conversion));
    }
    if (!markup) return format_value(out, value, spec);
    TextBuilder written(run_);
    format_value(written, value, spec);
    const auto text = written.finish(value.is_string() && value.string().markup);
    out.append(escaped_text(run_, text).string());
  }

  Run& run_;
  const Arguments& arguments_;
  const Any* mapping_;
  bool automatic_ = false;
  bool numbered_ = false;
  std::int64_t next_ = 0;
};

}  // namespace

Any str_format(Run& run, const Str& format, const Arguments& arguments, const Any* mapping) {
  TextBuilder out(run);
  constexpr int max_field_depth = 2;
  StrFormatter(run, arguments, mapping).write(out, format, max_field_depth);
  return out.finish(format.markup);
}

}  // namespace berth::jinja
