/// Places in texts, as compilers write them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth {

/// "rag.yaml:3:7", or "line 3, column 7" of a text without a name.
std::string text_place(std::string_view name, std::size_t line, std::size_t column);

}  // namespace berth
