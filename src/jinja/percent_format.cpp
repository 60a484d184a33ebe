#include "jinja/percent_format.h"

#include <fmt/format.h>

#include <cmath>

#include "jinja/format_spec.h"
#include "jinja/operators.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

class PercentFormatter {
 public:
  PercentFormatter(Run& run, const Str& format, const Any& values)
      : run_(run), format_(format), values_(values), out_(run) {}

  Any write() {
    const auto& bytes = format_.bytes;
    while (at_ < bytes.size()) {
      const auto next = std::min(bytes.find('%', at_), bytes.size());
      out_.append(format_, at_, next);
      at_ = next;
      if (at_ == bytes.size()) break;
      ++at_;
      run_.count_steps(1);
      write_field();
    }
    const bool all_used = values_.is(Type::tuple) ? used_ >= values_.items().items.size() : used_ > 0 || is_mapping();
    if (!all_used) type_error("not all arguments converted during string formatting");
    return out_.finish(format_.markup);
  }

 private:
  struct Field {
    bool left = false, plus = false, blank = false, alternate = false, zero = false;
    std::int64_t width = 0;
    std::int64_t precision = -1;
  };

  char peek() const {
    if (at_ >= format_.bytes.size()) value_error("incomplete format");
    return format_.bytes[at_];
  }

  bool is_mapping() const {
    return values_.is(Type::dict) || values_.is(Type::list) || values_.is_undefined() ||
           (values_.is(Type::object) && values_.object().has_items());
  }

  /// The next of a tuple; else the one value that there is, which a key in the format sets anew.
  Any next_value() {
    const bool is_tuple = values_.is(Type::tuple);
    if (used_ >= (is_tuple ? values_.items().items.size() : 1)) type_error("not enough arguments for format string");
    const auto at = used_++;
    return is_tuple ? values_.items().items[at] : key_value_.value_or(values_);
  }

  std::int64_t take_number(const char* too_big) {
    if (peek() == '*') {
      ++at_;
      const auto value = next_value();
      if (!value.is_whole()) type_error("* wants int");
      return index_of(value);
    }
    std::int64_t number = 0;
    while (peek() >= '0' && peek() <= '9') {
      number = number * 10 + (format_.bytes[at_++] - '0');
      if (number > 1'000'000'000) value_error(too_big);
    }
    return number;
  }

  void read_key() {
    if (values_.is_undefined()) values_.undefined().fail();
    if (!values_.is(Type::dict)) type_error("format requires a mapping");
    const auto start = ++at_;
    for (int depth = 1; depth > 0; ++at_) {
      if (at_ >= format_.bytes.size()) value_error("incomplete format key");
      depth += format_.bytes[at_] == '(' ? 1 : format_.bytes[at_] == ')' ? -1 : 0;
    }
    const auto key = format_.bytes.substr(start, at_ - 1 - start);
    const Any* value = values_.dict().find(run_, key);
    if (value == nullptr) other_error(fmt::format("'{}'", key));
    key_value_ = *value;
    used_ = 0;
  }

  void write_field() {
    if (peek() == '%') {
      ++at_;
      return out_.append('%');
    }
    Field field;
    if (peek() == '(') read_key();
    for (;; ++at_) {
      const char c = peek();
      if (c == '-')
        field.left = true;
      else if (c == '+')
        field.plus = true;
      else if (c == ' ')
        field.blank = true;
      else if (c == '#')
        field.alternate = true;
      else if (c == '0')
        field.zero = true;
      else
        break;
    }
    field.width = take_number("width too big");
    if (field.width < 0) {
      field.left = true;
      field.width = -field.width;
    }
    if (peek() == '.') {
      ++at_;
      field.precision = std::max<std::int64_t>(take_number("precision too big"), 0);
    }
    if (const char c = peek(); c == 'h' || c == 'l' || c == 'L') ++at_;
    const char conversion = peek();
    const auto character = first_character(format_.bytes.substr(at_));
    at_ += character.length;
    write_converted(conversion, character.code, field);
  }

  void write_converted(char conversion, std::uint32_t code, const Field& field) {
    switch (conversion) {
      case 's':
      case 'r':
      case 'a':
        return write_text(conversion, next_value(), field);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return write_whole(conversion, next_value(), field);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G': {
        const auto value = next_value();
        if (!value.is_number() && !value.is_undefined())
          type_error(fmt::format("must be real number, not {}", type_name(value)));
        if (field.precision > 5000) value_error("precision too big");
        const double number = float_of(run_, value);
        auto text = float_text(run_, std::fabs(number), conversion, field.precision, field.alternate);
        return write_number(std::signbit(number) && !std::isnan(number), "", text, field);
      }
      case 'c':
        return write_character(next_value(), field);
      default:
        (void)next_value();
        value_error(fmt::format("unsupported format character '{}' (0x{:x}) at index {}", conversion, code, at_ - 1));
    }
  }

  void pad(const Str& text, const Field& field) {
    FormatSpec spec;
    spec.width = static_cast<std::size_t>(field.width);
    spec.align = field.left ? '<' : '>';
    write_aligned(out_, text, spec, '>');
  }

  void write_text(char conversion, const Any& value, const Field& field) {
    Any text;
    if (conversion == 's') {
      text = format_.markup ? escaped_text(run_, value) : str_of(run_, value);
    } else {
      TextBuilder written(run_);
      if (conversion == 'r')
        write_repr(written, value);
      else
        written.append(ascii_of(run_, value));
      text = written.finish();
      if (format_.markup) text = escaped_text(run_, text);
    }
    if (field.precision >= 0 && static_cast<std::size_t>(field.precision) < text.string().characters(run_)) {
      const auto range = bytes_of(run_, text.string(), 0, static_cast<std::size_t>(field.precision));
      text = part(run_, text.string(), range.begin, range.end);
    }
    pad(text.string(), field);
  }

  void write_number(bool negative, std::string_view prefix, std::string_view digits, const Field& field) {
    std::string head = negative ? "-" : field.plus ? "+" : field.blank ? " " : "";
    head += prefix;
    const auto width = static_cast<std::size_t>(field.width);
    run_.count_text(width);
    std::string text = head;
    if (field.zero && !field.left && width > head.size() + digits.size())
      text.append(width - head.size() - digits.size(), '0');
    text += digits;
    pad(Str{text}, field);
  }

  void write_whole(char conversion, const Any& value, const Field& field) {
    const bool decimal = conversion == 'd' || conversion == 'i' || conversion == 'u';
    Any whole = value;
    if (value.is(Type::floating) && decimal)
      whole = int_of(run_, value, std::nullopt);
    else if (value.is_undefined() && decimal)
      value.undefined().fail();
    else if (!value.is_whole())
      type_error(decimal ? fmt::format("%{} format: a real number is required, not {}", conversion, type_name(value))
                         : fmt::format("%{} format: an integer is required, not {}", conversion, type_name(value)));
    const auto number = big_of(whole);
    run_.count_steps(number.limb_count() * number.limb_count() / 32);
    auto digits = (number.negative() ? -number : number).to_string(decimal ? 10 : conversion == 'o' ? 8 : 16);
    if (decimal && digits.size() > 4300) value_error("Exceeds the limit (4300 digits) for integer string conversion");
    if (conversion == 'X') digits = upper_case(digits);
    if (field.precision > static_cast<std::int64_t>(digits.size())) {
      run_.count_text(static_cast<std::size_t>(field.precision));
      digits.insert(0, static_cast<std::size_t>(field.precision) - digits.size(), '0');
    }
    const std::string_view prefix = !field.alternate || decimal ? ""
                                    : conversion == 'o'         ? "0o"
                                    : conversion == 'x'         ? "0x"
                                                                : "0X";
    write_number(number.negative(), prefix, digits, field);
  }

  void write_character(const Any& value, const Field& field) {
    if (value.is_string()) {
      if (value.string().characters(run_) != 1) type_error("%c requires int or char");
      return pad(value.string(), field);
    }
    if (!value.is_whole()) type_error("%c requires int or char");
    const auto code = small_integer(value);
    if (!code || *code < 0 || *code > 0x10FFFF) other_error("%c arg not in range(0x110000)");
    std::string character;
    append_utf8(character, static_cast<std::uint32_t>(*code));
    pad(Str{character}, field);
  }

  Run& run_;
  const Str& format_;
  const Any& values_;
  TextBuilder out_;
  std::size_t at_ = 0;
  std::size_t used_ = 0;
  std::optional<Any> key_value_;
};

}  // namespace

Any percent_format(Run& run, const Any& format, const Any& values) {
  return PercentFormatter(run, format.string(), values).write();
}

}  // namespace berth::jinja
