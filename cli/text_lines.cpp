#include "text_lines.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>
#include <utility>

#include "berth/error.h"
#include "output.h"
#include "text/printable.h"
#include "text/utf8.h"
#include "text_file.h"

namespace berth::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // editors of Windows begin a file with it

std::string text_of_fields(const Value::Object& fields) {
  for (const auto* name : {"text", "content"})
    if (const auto* text = fields.find(name); text != nullptr && text->is_string()) return text->as_string();
  throw std::invalid_argument("it has neither \"text\" nor \"content\" that is a string");
}

TextLine read_line(std::string_view line, bool plain) {
  if (valid_utf8(line) != line) throw std::invalid_argument("it is not UTF-8: convert the file first");
  if (plain || !line.starts_with('{')) return {Value::Object{{"text", line}}, std::string(line)};
  try {
    auto value = Value::from_json(line);
    auto text = text_of_fields(value.as_object());
    return {std::move(value.as_object()), std::move(text)};
  } catch (const FormatError& problem) {
    throw std::invalid_argument(
        fmt::format("it starts as JSON, but is none: {} (--plain takes lines as texts)", problem.what()));
  }
}

void add_lines(const std::string& file, bool plain, std::vector<TextLine>& lines) {
  const auto text = read_file_or_input(file, "texts");
  std::size_t number = 0;
  std::size_t empty = 0;
  for (std::size_t from = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    auto line = std::string_view(text).substr(from, end - from);
    from = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      ++empty;
      continue;
    }
    try {
      lines.push_back(read_line(line, plain));
    } catch (const std::invalid_argument& problem) {
      throw std::runtime_error(fmt::format("{}, line {}: {}", file_name_for_messages(file), number, problem.what()));
    }
  }
  if (empty > 0)
    note(fmt::format("warning: {}: {} empty {} left out", escaped(file_name_for_messages(file)), empty,
                     empty == 1 ? "line is" : "lines are"));
}

/// `value` goes where the closing brace of the fields is.
std::string with_entry(Value::Object fields, const std::string& name, const std::string& value) {
  fields.erase(name);
  auto line = Value(std::move(fields)).to_json();
  line.pop_back();
  return fmt::format("{}{}{}: {}}}\n", line, line == "{" ? "" : ", ", Value(name).to_json(), value);
}

}  // namespace

std::vector<TextLine> read_text_lines(const std::vector<std::string>& files, bool plain) {
  std::vector<TextLine> lines;
  if (files.empty()) add_lines("-", plain, lines);
  for (const auto& file : files) add_lines(file, plain, lines);
  return lines;
}

std::string json_line(Value::Object fields, const std::string& name, std::span<const float> numbers) {
  std::string list = "[";
  for (const auto number : numbers) list += fmt::format("{}{}", list.size() > 1 ? ", " : "", number);
  return with_entry(std::move(fields), name, list + "]");
}

std::string json_line(Value::Object fields, const std::string& name, float number) {
  return with_entry(std::move(fields), name, fmt::format("{}", number));
}

}  // namespace berth::cli
