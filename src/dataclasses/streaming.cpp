#include "berth/streaming.h"

#include <fmt/format.h>

#include <iostream>
#include <stdexcept>

#include "text/printable.h"

namespace berth {
namespace {

constexpr std::string_view print_streaming_chunk = "haystack.components.generators.utils.print_streaming_chunk";

/// As Haystack prints it.
void print(const StreamingChunk& chunk) {
  if (chunk.start && chunk.index > 0) std::cout << "\n\n";
  for (const auto& call : chunk.tool_calls) {
    if (chunk.start) {
      if (chunk.index > 0 && call.index > chunk.index) std::cout << "\n\n";
      std::cout << "[TOOL CALL]\nTool: " << call.tool_name.value_or("") << " \nArguments: ";
    }
    std::cout << call.arguments.value_or("");
  }
  if (!chunk.content.empty()) std::cout << (chunk.start ? "[ASSISTANT]\n" : "") << chunk.content;
  if (chunk.reasoning) std::cout << (chunk.start ? "[REASONING]\n" : "") << chunk.reasoning->reasoning_text;
  if (chunk.finish_reason) std::cout << "\n\n";
  std::cout << std::flush;
}

}  // namespace

StreamingCallback StreamingCallback::from_name(std::string_view name) {
  if (name != print_streaming_chunk)
    throw std::invalid_argument(fmt::format("Could not import {} as a module or callable. Known is '{}'",
                                            in_quotes(name), print_streaming_chunk));
  return {std::string(name), print};
}

Value SharedStreamingCallback::to_dict() const {
  if (!callback || callback->name.empty())
    throw std::invalid_argument("A streaming callback without a name cannot be serialized; give it one");
  return callback->name;
}

SharedStreamingCallback SharedStreamingCallback::from_dict(const Value& name) {
  return {std::make_shared<StreamingCallback>(StreamingCallback::from_name(name.as_string()))};
}

Value ValueTraits<StreamingCallback>::to_value(StreamingCallback callback) {
  if (!callback) return {};
  return SharedStreamingCallback{std::make_shared<StreamingCallback>(std::move(callback))};
}

StreamingCallback ValueTraits<StreamingCallback>::from_value(const Value& value) {
  if (value.is_null()) return {};
  if (const auto* shared = value.get_if<SharedStreamingCallback>()) return *shared->callback;
  return StreamingCallback::from_name(value.as_string());
}

}  // namespace berth
