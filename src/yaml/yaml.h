/// Values as YAML 1.1, read and written as PyYAML's safe loader and dumper do, which Haystack uses.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/value.h"

namespace berth::yaml {

/// A place in a text, from 1.
struct Mark {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// One document, which messages call `source`. Throws FormatError with line and column for what is not YAML, more than
/// one document, a key that is there twice or is no text, nesting beyond 200 levels, anchors and aliases that repeat more
/// than a million values or 64 MiB of text, tags that name Python objects, and texts beyond 64 MiB.
/// Dates stay text. The tags !!str, !!int, !!float, !!bool and !!null are obeyed; what they do not fit is an error, and so
/// is an integer beyond the range of a double. The value and what is made on the way to it take at most 40
/// times the bytes of the text, and what anchors and aliases repeat.
Value read(std::string_view text, const std::string& source = {});

/// Where the entry with these names (and indices, as text) stands in a text that read() accepts: the place of its name,
/// or of the nearest entry around it that exists.
Mark locate(std::string_view text, const std::vector<std::string>& path);

/// Byte for byte what PyYAML's safe dumper writes: block style, keys sorted, 80 columns wide, other letters than ASCII escaped.
/// Throws std::invalid_argument for text that is not UTF-8.
std::string write(const Value& value);

enum class ScalarType { text, null, boolean, integer, floating };

/// What PyYAML takes a plain scalar for.
ScalarType type_of(std::string_view scalar);

/// What it makes of a plain scalar: null, a boolean, a number, or the text itself. Throws as construct().
Value resolve(std::string_view scalar);

/// What it makes of a scalar with the tag of a type. Throws std::invalid_argument where that does not fit, and for an
/// integer beyond the range of a double.
Value construct(ScalarType type, std::string_view scalar);

/// Whether PyYAML makes a date of it.
bool is_timestamp(std::string_view scalar);

}  // namespace berth::yaml
