/// Python's format(): "{:>8.2f}".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "jinja/text.h"

namespace berth::jinja {

/// [[fill]align][sign][z][#][0][width][grouping][.precision][type]
struct FormatSpec {
  std::string fill = " ";
  char align = '\0';
  char sign = '-';
  bool has_sign = false;
  bool no_negative_zero = false;
  bool alternate = false;
  std::size_t width = 0;
  char grouping = '\0';
  std::int64_t precision = -1;
  char type = '\0';

  /// Throws a ValueError. `default_align` is '<' for texts and '>' for numbers.
  static FormatSpec parse(std::string_view text, char default_align, std::string_view type_name);
};

/// format(value, spec)
void format_value(TextBuilder& out, const Any& value, std::string_view spec);

/// `number` as % and format() write it by a type of e, f, g, E, F or G. `shortest` adds ".0" to what looks whole.
std::string float_text(Run& run, double number, char type, std::int64_t precision, bool alternate,
                       bool shortest = false);

/// Writes `text`, of so many characters, with blanks around it up to the width.
void write_aligned(TextBuilder& out, const Str& text, const FormatSpec& spec, char default_align);

/// ascii(value)
std::string ascii_of(Run& run, const Any& value);

}  // namespace berth::jinja
