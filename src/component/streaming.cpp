#include "berth/streaming.h"

#include <fmt/format.h>

#include <iostream>

#include "text/printable.h"

namespace berth {

StreamingCallback StreamingCallback::from_name(std::string_view name) {
  static constexpr std::string_view print_streaming_chunk =
      "haystack.components.generators.utils.print_streaming_chunk";
  if (name != print_streaming_chunk)
    throw std::invalid_argument(fmt::format("Unknown streaming callback {}; known is '{}'", in_quotes(name),
                                            print_streaming_chunk));
  return {std::string(name), [](const StreamingChunk& chunk) { std::cout << chunk.content << std::flush; }};
}

Value StreamingCallback::to_dict() const {
  if (name.empty()) throw std::invalid_argument("A streaming callback without a name cannot be serialized; give it one");
  return name;
}

Value ValueTraits<StreamingCallback>::to_value(StreamingCallback callback) {
  if (!callback.name.empty()) return callback.name;
  return Value(std::move(callback));
}

StreamingCallback ValueTraits<StreamingCallback>::from_value(const Value& value) {
  if (const auto* callback = value.get_if<StreamingCallback>()) return *callback;
  return StreamingCallback::from_name(value.as_string());
}

}  // namespace berth
