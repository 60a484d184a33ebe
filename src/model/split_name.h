/// Names of the parts of a split model: NAME-00001-of-00003.gguf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::model {

struct SplitName {
  std::string prefix;       ///< "NAME"
  std::uint32_t part = 0;   ///< from 0, as split.no in the file; one less than in the name
  std::uint32_t count = 0;  ///< at least 1

  std::string file_name() const;  ///< NAME-00001-of-00003.gguf
};

/// What a file name says, or nothing where it is not of that form.
std::optional<SplitName> parse_split_name(std::string_view file_name);

}  // namespace berth::model
