#include "jinja/format_spec.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "jinja/operators.h"
#include "text/unicode.h"
#include "text/utf8.h"
#include "value/python_text.h"

namespace berth::jinja {
namespace {

constexpr std::int64_t max_size = 1'000'000'000;
constexpr std::int64_t max_precision = 5000;

std::int64_t take_number(std::string_view& text) {
  std::int64_t number = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    number = number * 10 + (text[0] - '0');
    if (number > max_size) value_error("Too many decimal digits in format string");
    text.remove_prefix(1);
  }
  return number;
}

bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

[[noreturn]] void unknown_code(char type, std::string_view type_name) {
  value_error(fmt::format("Unknown format code '{}' for object of type '{}'", type, type_name));
}

/// Puts a separator between groups of digits, from the right, with zeros before them up to `width`.
std::string grouped(std::string_view digits, char separator, std::size_t group, std::size_t width) {
  std::string text;
  std::size_t count = 0;
  for (std::size_t i = digits.size(); i > 0 || text.size() < width; ++count) {
    if (separator != '\0' && count > 0 && count % group == 0) text += separator;
    text += i > 0 ? digits[--i] : '0';
  }
  return {text.rbegin(), text.rend()};
}

/// Writes a number: `digits` are what may be grouped, `rest` what follows them.
void write_number(TextBuilder& out, bool negative, std::string_view prefix, std::string_view digits,
                  std::string_view rest, const FormatSpec& spec, std::size_t group) {
  std::string head;
  if (negative)
    head = "-";
  else if (spec.sign != '-')
    head = spec.sign;
  head += prefix;
  out.run.count_text(spec.width);
  std::size_t zeros_to = 0;
  if (spec.align == '=' && spec.fill == "0" && spec.width > head.size() + rest.size())
    zeros_to = spec.width - head.size() - rest.size();
  const auto body = grouped(digits, spec.grouping, group, zeros_to) + std::string(rest);
  const auto size = head.size() + body.size();
  if (spec.align == '=') {
    out.append(head);
    if (spec.width > size) out.append_repeated(spec.fill, spec.width - size);
    out.append(body);
    return;
  }
  write_aligned(out, Str{head + body}, spec, '>');
}

void format_float(TextBuilder& out, double number, FormatSpec spec, std::string_view type_name) {
  if (spec.type != '\0' && std::string_view("eEfFgGn%").find(spec.type) == std::string_view::npos)
    unknown_code(spec.type, type_name);
  if (spec.precision > max_precision) value_error("precision too big");
  std::string text;
  const double size = std::fabs(spec.type == '%' ? number * 100 : number);
  const char type = spec.type == 'n' ? 'g' : spec.type == '%' ? 'f' : spec.type;
  if (type == '\0' && spec.precision < 0) {
    text = python_float(size);
    if (spec.alternate && text.find('.') == text.npos)
      text.insert(text.find('e') == text.npos ? text.size() : text.find('e'), ".");
  } else {
    text = float_text(out.run, size, type == '\0' ? 'g' : type, spec.precision, spec.alternate, type == '\0');
  }
  if (spec.type == '%') text += '%';
  bool negative = std::signbit(number) && !std::isnan(number);
  if (spec.no_negative_zero && text.find_first_of("123456789ni") == text.npos) negative = false;
  std::size_t whole = 0;
  while (whole < text.size() && text[whole] >= '0' && text[whole] <= '9') ++whole;
  if (whole == 0 && spec.align == '=' && spec.fill == "0") {  // inf and nan
    const std::size_t head = negative || spec.sign != '-' ? 1 : 0;
    if (spec.width > text.size() + head) {
      out.run.count_text(spec.width);
      text.insert(0, spec.width - text.size() - head, '0');
    }
  }
  if (whole == 0)
    return write_number(
        out, negative, "", "", text,
        [&] {
          auto plain = spec;
          if (plain.align == '=' && plain.fill == "0") plain.width = 0;
          return plain;
        }(),
        3);
  write_number(out, negative, "", std::string_view(text).substr(0, whole), std::string_view(text).substr(whole), spec,
               3);
}

void format_whole(TextBuilder& out, const Any& value, const FormatSpec& spec) {
  const auto name = type_name(value);
  if (spec.type != '\0' && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos)
    return format_float(out, float_of(out.run, value), spec, name);
  if (spec.precision >= 0) value_error("Precision not allowed in integer format specifier");
  if (spec.no_negative_zero) value_error("Negative zero coercion (z) not allowed in format specifier with integer");
  const auto number = big_of(value);
  unsigned base = 10;
  std::string_view prefix;
  switch (spec.type) {
    case '\0':
    case 'd':
    case 'n':
      break;
    case 'b':
      base = 2, prefix = "0b";
      break;
    case 'o':
      base = 8, prefix = "0o";
      break;
    case 'x':
      base = 16, prefix = "0x";
      break;
    case 'X':
      base = 16, prefix = "0X";
      break;
    case 'c': {
      if (spec.has_sign) value_error("Sign not allowed with integer format specifier 'c'");
      if (spec.alternate) value_error("Alternate form (#) not allowed with integer format specifier 'c'");
      const auto code = small_integer(value);
      if (!code || *code < 0 || *code > 0x10FFFF) other_error("%c arg not in range(0x110000)");
      std::string character;
      append_utf8(character, static_cast<std::uint32_t>(*code));
      return write_aligned(out, Str{character}, spec, '>');
    }
    default:
      unknown_code(spec.type, name);
  }
  out.run.count_steps(number.limb_count() * number.limb_count() / 32);
  auto digits = (number.negative() ? -number : number).to_string(base);
  if (spec.type == 'X') digits = upper_case(digits);
  write_number(out, number.negative(), spec.alternate ? prefix : "", digits, "", spec, base == 10 ? 3 : 4);
}

void format_text(TextBuilder& out, const Str& text, const FormatSpec& spec) {
  if (spec.type != '\0' && spec.type != 's') unknown_code(spec.type, "str");
  if (spec.has_sign) value_error("Sign not allowed in string format specifier");
  if (spec.alternate) value_error("Alternate form (#) not allowed in string format specifier");
  if (spec.no_negative_zero) value_error("Negative zero coercion (z) not allowed in string format specifier");
  if (spec.align == '=') value_error("'=' alignment not allowed in string format specifier");
  if (spec.precision < 0 || static_cast<std::size_t>(spec.precision) >= text.characters(out.run))
    return write_aligned(out, text, spec, '<');
  const auto range = bytes_of(out.run, text, 0, static_cast<std::size_t>(spec.precision));
  write_aligned(out, part(out.run, text, range.begin, range.end).string(), spec, '<');
}

/// [[fill]align]. Whether there is a fill.
bool take_align(std::string_view& text, FormatSpec& spec) {
  if (text.empty()) return false;
  const auto first = first_character(text);
  if (text.size() > first.length && is_align(text[first.length])) {
    spec.fill = text.substr(0, first.length);
    spec.align = text[first.length];
    text.remove_prefix(first.length + 1);
    return true;
  }
  if (is_align(text[0])) {
    spec.align = text[0];
    text.remove_prefix(1);
  }
  return false;
}

void check_grouping(const FormatSpec& spec, char default_align) {
  if (spec.grouping == '\0') return;
  const auto is_of = [&](std::string_view types) { return types.find(spec.type) != std::string_view::npos; };
  const bool allowed =
      spec.type == '\0' ? default_align == '>' : is_of("deEfFgG%") || (spec.grouping == '_' && is_of("boxX"));
  if (!allowed)
    value_error(fmt::format("Cannot specify '{}' with '{}'.", spec.grouping, spec.type == '\0' ? 's' : spec.type));
}

}  // namespace

FormatSpec FormatSpec::parse(std::string_view text, char default_align, std::string_view type_name) {
  const auto whole = text;
  FormatSpec spec;
  const bool has_fill = take_align(text, spec);
  const auto take = [&](char c) {
    const bool found = text.starts_with(c);
    if (found) text.remove_prefix(1);
    return found;
  };
  if (!text.empty() && (text[0] == '+' || text[0] == '-' || text[0] == ' ')) {
    spec.sign = text[0];
    spec.has_sign = true;
    text.remove_prefix(1);
  }
  spec.no_negative_zero = take('z');
  spec.alternate = take('#');
  if (!has_fill && text.starts_with('0')) {
    spec.fill = "0";
    if (spec.align == '\0' && default_align == '>') spec.align = '=';
    text.remove_prefix(1);
  }
  spec.width = static_cast<std::size_t>(take_number(text));
  if (take(',')) spec.grouping = ',';
  if (take('_')) {
    if (spec.grouping != '\0') value_error("Cannot specify both ',' and '_'.");
    spec.grouping = '_';
  }
  if (spec.grouping != '\0' && take(','))
    value_error(spec.grouping == ',' ? "Cannot specify ',' with ','." : "Cannot specify both ',' and '_'.");
  if (take('.')) {
    if (text.empty() || text[0] < '0' || text[0] > '9') value_error("Format specifier missing precision");
    spec.precision = take_number(text);
  }
  if (!text.empty() && first_character(text).length < text.size())
    value_error(fmt::format("Invalid format specifier '{}' for object of type '{}'", whole, type_name));
  if (!text.empty()) {
    if (static_cast<signed char>(text[0]) < 0)
      value_error(fmt::format("Unknown format code '{}' for object of type '{}'", text, type_name));
    spec.type = text[0];
  }
  check_grouping(spec, default_align);
  return spec;
}

std::string float_text(Run& run, double number, char type, std::int64_t precision, bool alternate, bool shortest) {
  const bool upper = type == 'E' || type == 'F' || type == 'G';
  if (std::isnan(number)) return upper ? "NAN" : "nan";
  if (std::isinf(number)) return std::string(std::signbit(number) ? "-" : "") + (upper ? "INF" : "inf");
  if (precision < 0) precision = 6;
  run.count_text(static_cast<std::size_t>(precision));
  const auto print = [&](char kind, std::int64_t digits) {
    const std::string format = std::string(alternate ? "%#.*" : "%.*") + kind;
    std::string text(
        static_cast<std::size_t>(std::snprintf(nullptr, 0, format.c_str(), static_cast<int>(digits), number)), '\0');
    std::snprintf(text.data(), text.size() + 1, format.c_str(), static_cast<int>(digits), number);
    return text;
  };
  if (!shortest) return print(type, precision);
  const auto digits = std::max<std::int64_t>(precision, 1);
  auto exponential = print('e', digits - 1);
  const auto e = exponential.find('e');
  const auto exponent = std::strtol(exponential.c_str() + e + 1, nullptr, 10);
  if (exponent + 1 > digits - 1 && number != 0) {
    if (const auto point = exponential.find('.'); point != exponential.npos && !alternate) {
      auto last = exponential.find_last_not_of('0', e - 1);
      if (last == point) --last;
      exponential.erase(last + 1, e - last - 1);
    }
    return exponential;
  }
  auto text = print('g', digits);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

void write_aligned(TextBuilder& out, const Str& text, const FormatSpec& spec, char default_align) {
  out.run.count_text(spec.fill.size(), spec.width);
  const auto size = text.characters(out.run);
  const auto blanks = spec.width > size ? spec.width - size : 0;
  const char align = spec.align == '\0' ? default_align : spec.align;
  const auto left = align == '>' || align == '=' ? blanks : align == '^' ? blanks / 2 : 0;
  out.append_repeated(spec.fill, left);
  out.append(text);
  out.append_repeated(spec.fill, blanks - left);
}

void format_value(TextBuilder& out, const Any& value, std::string_view text) {
  if (text.empty()) return write_str(out, value);
  const auto name = type_name(value);
  if (value.is_string()) return format_text(out, value.string(), FormatSpec::parse(text, '<', name));
  if (value.is(Type::floating)) return format_float(out, value.floating(), FormatSpec::parse(text, '>', name), name);
  if (value.is_whole()) return format_whole(out, value, FormatSpec::parse(text, '>', name));
  type_error(fmt::format("unsupported format string passed to {}.__format__", name));
}

std::string ascii_of(Run& run, const Any& value) {
  TextBuilder out(run);
  write_repr(out, value);
  std::string text;
  for (auto rest = out.bytes(); !rest.empty();) {
    const auto character = first_character(rest);
    if (character.code < 0x80)
      text += static_cast<char>(character.code);
    else
      text += character.code > 0xFFFF ? fmt::format("\\U{:08x}", character.code)
              : character.code > 0xFF ? fmt::format("\\u{:04x}", character.code)
                                      : fmt::format("\\x{:02x}", character.code);
    rest.remove_prefix(character.length);
  }
  return text;
}

}  // namespace berth::jinja
