#include "value/python_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "text/printable.h"

namespace berth {
namespace {

/// repr of a string: single quotes unless it holds those and no double ones; what does not print is escaped.
void append_quoted(std::string& out, const std::string& text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  out += quote;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto special = rest.find_first_of(std::string_view("\\\'", quote == '"' ? 1 : 2));
    out += printable(rest.substr(0, special), rest.size());
    if (special == rest.npos) break;
    out += '\\';
    out += rest[special];
    rest.remove_prefix(special + 1);
  }
  out += quote;
}

void append_repr(std::string& out, const Value& value) {
  if (value.is_null()) {
    out += "None";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "True" : "False";
  } else if (value.is_int()) {
    out += std::to_string(value.as_int());
  } else if (value.is_double()) {
    out += python_float(value.as_double());
  } else if (value.is_string()) {
    append_quoted(out, value.as_string());
  } else if (value.is_array()) {
    out += '[';
    std::string_view separator;
    for (const auto& element : value.as_array()) {
      out += separator;
      append_repr(out, element);
      separator = ", ";
    }
    out += ']';
  } else if (value.is_instance()) {
    out += value.as_instance().class_name();
    append_repr(out, value.as_instance().to_dict());
  } else {
    out += '{';
    std::string_view separator;
    for (const auto& [name, element] : value.as_object()) {
      out += separator;
      append_quoted(out, name);
      out += ": ";
      append_repr(out, element);
      separator = ", ";
    }
    out += '}';
  }
}

}  // namespace

std::string python_float(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  // Python writes an exponent below 1e-4 and from 1e16 on.
  const double size = std::fabs(number);
  const bool exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number,
                                 exponent ? std::chars_format::scientific : std::chars_format::fixed)
                       .ptr;
  std::string text(buffer, end);
  if (!exponent && text.find('.') == text.npos) text += ".0";
  return text;
}

std::string python_bytes(std::string_view bytes) {
  const char quote = bytes.find('\'') != bytes.npos && bytes.find('"') == bytes.npos ? '"' : '\'';
  std::string out = "b";
  out += quote;
  for (const char byte : bytes) {
    if (byte == quote || byte == '\\')
      (out += '\\') += byte;
    else if (static_cast<signed char>(byte) < 0)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    else
      out += printable(std::string_view(&byte, 1));
  }
  return out + quote;
}

std::string python_repr(const Value& value) {
  std::string out;
  append_repr(out, value);
  return out;
}

std::string python_str(const Value& value) { return value.is_string() ? value.as_string() : python_repr(value); }

}  // namespace berth
