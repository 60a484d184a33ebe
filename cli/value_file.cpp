#include "value_file.h"

#include "berth/error.h"
#include "text_file.h"
#include "yaml/yaml.h"

namespace berth::cli {

bool starts_as_json(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  return start != text.npos && (text[start] == '{' || text[start] == '[');
}

Value read_value_file(const std::string& path, const std::string& what) {
  const auto text = read_file_or_input(path, what);
  const auto name = file_name_for_messages(path);
  if (!starts_as_json(text) || path.ends_with(".yaml") || path.ends_with(".yml")) return yaml::read(text, name);
  try {
    return Value::from_json(text);
  } catch (const FormatError& problem) {
    throw FormatError(name, problem.offset(), problem.found(), problem.expected());
  }
}

}  // namespace berth::cli
