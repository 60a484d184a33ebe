#include "component/python_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "text/printable.h"
#include "text/trimmed.h"
#include "value/python_compare.h"

namespace berth {
namespace {

constexpr int most_levels = 50;

constexpr std::array<std::string_view, 15> builtins = {"str",  "int",       "float",  "bool",    "bytes",
                                                       "list", "dict",      "tuple",  "set",     "frozenset",
                                                       "type", "bytearray", "object", "complex", "memoryview"};

/// Names of the module typing, and the types that they stand for.
constexpr std::pair<std::string_view, std::string_view> of_typing[] = {{"Any", "Any"},
                                                                       {"AnyStr", "str"},
                                                                       {"Callable", "Callable"},
                                                                       {"Dict", "dict"},
                                                                       {"FrozenSet", "frozenset"},
                                                                       {"Generator", "Generator"},
                                                                       {"Iterable", "Iterable"},
                                                                       {"Iterator", "Iterator"},
                                                                       {"List", "list"},
                                                                       {"Mapping", "Mapping"},
                                                                       {"Optional", "Union"},
                                                                       {"Sequence", "Sequence"},
                                                                       {"Set", "set"},
                                                                       {"Text", "str"},
                                                                       {"Tuple", "tuple"},
                                                                       {"Type", "type"},
                                                                       {"Union", "Union"}};

/// Haystack's classes are written with the module that defines them, wherever they were taken from.
constexpr std::pair<std::string_view, std::string_view> haystack_modules[] = {{"ByteStream", "byte_stream"},
                                                                              {"ChatMessage", "chat_message"},
                                                                              {"ChatRole", "chat_message"},
                                                                              {"Document", "document"},
                                                                              {"ExtractedAnswer", "answer"},
                                                                              {"GeneratedAnswer", "answer"},
                                                                              {"SparseEmbedding", "sparse_embedding"},
                                                                              {"StreamingChunk", "streaming_chunk"},
                                                                              {"ToolCall", "chat_message"},
                                                                              {"ToolCallResult", "chat_message"}};

const auto* entry_of(const auto& table, std::string_view name) {
  const auto* const found = std::ranges::find(table, name, [](const auto& entry) { return entry.first; });
  return found == std::end(table) ? nullptr : found;
}

/// The parts of `text` between separators that stand in no brackets.
std::vector<std::string_view> outer_parts(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[') ++depth;
    if (text[i] == ']') --depth;
    if (text[i] != separator || depth != 0) continue;
    parts.push_back(trimmed(text.substr(start, i - start)));
    start = i + 1;
  }
  if (const auto last = trimmed(text.substr(start)); !last.empty()) parts.push_back(last);
  return parts;
}

[[noreturn]] void no_type(std::string_view text) {
  throw std::invalid_argument(fmt::format("Could not deserialize type: {}", printable(text)));
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
  });
}

PythonType of_class(std::string_view text) {
  for (const auto part : outer_parts(text, '.'))
    if (!is_name(part)) no_type(text);
  const auto name = text.substr(text.rfind('.') + 1);
  const auto module = text.substr(0, text.size() - name.size() - 1);
  if (!is_name(name)) no_type(text);
  std::string full(text);
  const auto* haystack = entry_of(haystack_modules, name);
  if (haystack != nullptr && (module == "haystack" || module == "haystack.dataclasses"))
    full = fmt::format("haystack.dataclasses.{}.{}", haystack->second, name);
  return {full, Type(std::string(name)), fmt::format("<class '{}'>", full)};
}

PythonType plain(std::string_view text) {
  if (text == "None" || text == "NoneType") return {"None", Type::none(), "None"};
  if (std::ranges::find(builtins, text) != builtins.end())
    return {std::string(text), Type(std::string(text)), fmt::format("<class '{}'>", text)};
  constexpr std::string_view module = "typing.";
  const auto name = text.starts_with(module) ? text.substr(module.size()) : text;
  if (const auto* typing = entry_of(of_typing, name)) {
    auto full = fmt::format("typing.{}", name);
    return {full, Type(std::string(typing->second)), full};
  }
  if (name != text || text.find('.') == text.npos) no_type(text);
  return of_class(text);
}

/// Within brackets, Python prints a class without "<class ...>".
std::string inner_repr(const PythonType& type) {
  constexpr std::string_view start = "<class '";
  if (!type.repr.starts_with(start)) return type.repr;
  return type.repr.substr(start.size(), type.repr.size() - start.size() - 2);
}

template <class TextOf>
std::string joined_types(const std::vector<PythonType>& types, std::string_view separator, TextOf text_of) {
  std::string all;
  for (const auto& type : types) all.append(all.empty() ? "" : separator).append(text_of(type));
  return all;
}

PythonType read(std::string_view text, int level);

std::vector<PythonType> read_all(const std::vector<std::string_view>& texts, int level) {
  std::vector<PythonType> types;
  for (const auto text : texts) types.push_back(read(text, level + 1));
  return types;
}

std::vector<Type> meanings(const std::vector<PythonType>& types) {
  std::vector<Type> all;
  for (const auto& each : types) all.push_back(each.type);
  return all;
}

std::string text_of_type(const PythonType& type) { return type.text; }

/// As Python's module typing writes it: two with None are an Optional.
PythonType typing_union(const std::vector<PythonType>& types) {
  auto named = types;
  std::erase_if(named, [](const PythonType& type) { return type.text == "None"; });
  const bool is_optional = types.size() == 2 && named.size() == 1;
  const auto& shown = is_optional ? named : types;
  const std::string_view name = is_optional ? "typing.Optional" : "typing.Union";
  return {fmt::format("{}[{}]", name, joined_types(shown, ", ", text_of_type)), Type::union_of(meanings(types)),
          fmt::format("{}[{}]", name, joined_types(shown, ", ", inner_repr))};
}

PythonType with_arguments(std::string_view name, std::string_view arguments, int level) {
  const auto main = plain(name);
  const auto given = read_all(outer_parts(arguments, ','), level);
  if (given.empty()) no_type(name);
  auto types = meanings(given);
  if (main.text == "typing.Optional") types.push_back(Type::none());
  if (main.text == "typing.Union") return typing_union(given);
  return {fmt::format("{}[{}]", main.text, joined_types(given, ", ", text_of_type)),
          main.type.is_union() ? Type::union_of(std::move(types)) : Type(main.type.name(), std::move(types)),
          fmt::format("{}[{}]", inner_repr(main), joined_types(given, ", ", inner_repr))};
}

PythonType read(std::string_view text, int level) {
  if (level > most_levels)
    throw std::invalid_argument(fmt::format("A type is nested more than {} deep: {}", most_levels, printable(text)));
  const auto alternatives = outer_parts(text, '|');
  if (alternatives.size() > 1) {
    const auto types = read_all(alternatives, level);
    const bool of_typing_module =
        std::ranges::any_of(types, [](const auto& each) { return each.text.starts_with("typing."); });
    if (of_typing_module) return typing_union(types);  // which is what Python makes of it
    return {joined_types(types, " | ", text_of_type), Type::union_of(meanings(types)),
            joined_types(types, " | ", inner_repr)};
  }
  const auto bracket = text.find('[');
  if (bracket == text.npos || !text.ends_with(']')) return plain(text);
  return with_arguments(text.substr(0, bracket), text.substr(bracket + 1, text.size() - bracket - 2), level);
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

bool all_are(const Value::Array& values, const std::vector<Type>& types) {
  return types.empty() ||
         std::ranges::all_of(values, [&](const Value& each) { return is_of_type(each, types.front()); });
}

}  // namespace

PythonType python_type(std::string_view text) { return read(text, 0); }

bool is_of_type(const Value& value, const Type& type) {
  if (type.is_any() || type.name() == "object") return true;
  if (type.is_union())
    return std::ranges::any_of(type.args(), [&](const Type& each) { return is_of_type(value, each); });
  if (value.is_array())
    return is_one_of(type.name(), {"list", "tuple", "set", "frozenset", "Sequence", "Iterable"}) &&
           all_are(value.as_array(), type.args());
  if (value.is_object()) {
    if (!is_one_of(type.name(), {"dict", "Mapping"})) return false;
    if (type.args().size() < 2 || value.as_object().empty()) return true;
    return is_of_type("", type.args()[0]) && std::ranges::all_of(value.as_object(), [&](const auto& entry) {
             return is_of_type(entry.second, type.args()[1]);
           });
  }
  if (value.is_bool() && type.name() == "int") return true;  // as in Python
  if (value.is_null()) return type == Type::none();
  return python_type_name(value) == type.name();
}

}  // namespace berth
