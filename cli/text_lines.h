/// Texts in lines, in and out: what `berth embed` and `berth rank` read and print.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "berth/value.h"

namespace berth::cli {

/// A line of text, or of JSON: {"text": "..."}, or a document of Haystack with "content".
struct TextLine {
  Value::Object fields;  ///< what is printed again: all of a JSON object, else "text"
  std::string text;
};

/// The lines of `files` one after the other, of standard input where there are none; "-" is standard input. Empty lines do
/// not count, which is told on standard error. With `plain`, a line that starts with '{' is text too. Throws std::runtime_error naming file and line.
std::vector<TextLine> read_text_lines(const std::vector<std::string>& files, bool plain);

/// The fields and one more, as one line of JSON. Numbers are the shortest that read back as the same float.
std::string json_line(Value::Object fields, const std::string& name, std::span<const float> numbers);
std::string json_line(Value::Object fields, const std::string& name, float number);

}  // namespace berth::cli
