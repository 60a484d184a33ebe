/// A piece of a generation on its way between two processes: tokens, and the text that became certain with them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::host {

struct Chunk {
  std::uint32_t index = 0;  ///< of the completion
  std::vector<std::int32_t> tokens = {};
  std::string text = {};

  /// Index, count of tokens, tokens, text; numbers as this machine has them.
  std::string bytes() const;
  /// Throws std::invalid_argument.
  static Chunk from_bytes(std::string_view bytes);

  bool operator==(const Chunk&) const = default;
};

}  // namespace berth::host
