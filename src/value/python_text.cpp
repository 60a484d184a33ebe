#include "value/python_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "text/python_printable.h"
#include "text/utf8.h"

namespace berth {
namespace {

std::string escape(std::uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code > 0xFFFF ? fmt::format("\\U{:08x}", code)
             : code > 0xFF ? fmt::format("\\u{:04x}", code)
                           : fmt::format("\\x{:02x}", code);
  }
}

/// Single ones, unless `text` holds those and no double ones.
char quote_for(std::string_view text) {
  return text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
}

/// repr of a string: what does not print is escaped, and so is each byte that is not UTF-8.
void append_quoted(std::string& out, std::string_view text) {
  const char quote = quote_for(text);
  out += quote;
  while (!text.empty()) {
    const auto character = first_character(text);
    const auto bytes = text.substr(0, character.length);
    text.remove_prefix(character.length);
    if (character.state != Utf8Character::whole)
      for (const char byte : bytes) out += escape(static_cast<unsigned char>(byte));
    else if (bytes[0] == quote || bytes[0] == '\\')
      (out += '\\') += bytes;
    else if (python_printable(bytes))
      out += bytes;
    else
      out += escape(character.code);
  }
  out += quote;
}

void append_repr(std::string& out, const Value& value) {
  if (value.is_null()) {
    out += "None";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "True" : "False";
  } else if (value.is_int() || value.is_large_int()) {
    out += value.int_text();
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
  const char quote = quote_for(bytes);
  std::string out = "b";
  out += quote;
  for (const char byte : bytes) {
    if (byte == quote || byte == '\\')
      (out += '\\') += byte;
    else if (python_printable(std::string_view(&byte, 1)))
      out += byte;
    else
      out += escape(static_cast<unsigned char>(byte));
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
