/// ByteStream: bytes that travel through a pipeline, such as a file's content.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "berth/value.h"

namespace berth {

/// Haystack's class of that name. Its dictionary form has the bytes as a list of numbers.
struct ByteStream {
  static constexpr std::string_view class_name = "ByteStream";

  std::string data = {};  ///< any bytes
  Value::Object meta = {};
  std::optional<std::string> mime_type = {};

  bool operator==(const ByteStream&) const = default;

  Value to_dict() const;
  static ByteStream from_dict(const Value& dict);  ///< throws std::invalid_argument
};

}  // namespace berth
