/// Called with each piece of text while it is generated.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "berth/engine.h"
#include "berth/value_traits.h"

namespace berth {

/// In a serialized component a callback stands by its name; one without a name cannot be serialized.
struct StreamingCallback {
  static constexpr std::string_view class_name = "StreamingCallback";

  std::string name;  ///< "haystack.components.generators.utils.print_streaming_chunk", or empty
  std::function<void(const StreamingChunk&)> call;

  /// The callback of that name; std::invalid_argument for one that is not known. Known is print_streaming_chunk, which
  /// writes to standard output.
  static StreamingCallback from_name(std::string_view name);

  explicit operator bool() const { return static_cast<bool>(call); }
  /// Functions cannot be compared: callbacks of one name are one callback.
  bool operator==(const StreamingCallback& other) const { return name == other.name; }

  Value to_dict() const;  ///< the name. Throws std::invalid_argument where there is none
  static StreamingCallback from_dict(const Value& name) { return from_name(name.as_string()); }
};

/// By name, or, from one component to another within a program, as it is.
template <>
struct ValueTraits<StreamingCallback> {
  static Type type() { return "Callable"; }
  static Value to_value(StreamingCallback callback);
  static StreamingCallback from_value(const Value& value);
};

}  // namespace berth
