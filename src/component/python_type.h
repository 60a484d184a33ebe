/// Types of Python's as files of Haystack name them.
#pragma once

#include <string>
#include <string_view>

#include "berth/type.h"
#include "berth/value.h"

namespace berth {

struct PythonType {
  std::string text;  ///< as Haystack writes it: "typing.List[haystack.dataclasses.document.Document]"
  Type type;         ///< what it means for connections: list[Document]
  std::string repr;  ///< as Python prints it: "<class 'str'>", "list[str]"
};

/// From the text of a file: built-in types, those of `typing`, unions with "|", and classes with their module. Nothing is
/// imported: a class that is not known is one of its name. Throws std::invalid_argument as Haystack for what is no type, and
/// for one that is nested more than 50 deep.
PythonType python_type(std::string_view text);

/// Whether `value` is one of type `type`, with the elements of lists and dictionaries. Tuples and sets are lists here.
bool is_of_type(const Value& value, const Type& type);

}  // namespace berth
