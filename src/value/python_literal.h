/// Texts that are literals of Python's.
#pragma once

#include <optional>
#include <string_view>

#include "berth/value.h"

namespace berth {

/// What Python's ast.literal_eval makes of `text`: None, True, numbers, texts, lists, dictionaries; tuples and sets become
/// lists. None where `text` is no literal, and for literals that a Value cannot hold: bytes, complex numbers, `...`,
/// dictionaries with keys that are no texts, integers beyond a double. At most 100 levels deep.
std::optional<Value> python_literal(std::string_view text);

}  // namespace berth
