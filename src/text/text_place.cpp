#include "text/text_place.h"

#include <fmt/format.h>

namespace berth {

std::string text_place(std::string_view name, std::size_t line, std::size_t column) {
  return name.empty() ? fmt::format("line {}, column {}", line, column) : fmt::format("{}:{}:{}", name, line, column);
}

}  // namespace berth
