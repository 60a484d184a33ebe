/// What goes between two processes when texts are encoded, where JSON alone does not do.
#pragma once

#include <functional>
#include <string_view>

#include "berth/encoder.h"
#include "berth/value.h"

namespace berth::host {

/// Hands the numbers of `result` to `send` in parts that are messages each, and answers the rest of it.
Value send_parts(const EncodeResult& result, const std::function<void(std::string_view part)>& send);

/// A result that comes in parts.
class EncodeParts {
 public:
  /// Throws std::invalid_argument for bytes that are no part.
  void take(std::string_view part);
  /// With what send_parts() answered. Throws std::invalid_argument where that does not belong to the parts.
  EncodeResult finish(const Value& rest) &&;

 private:
  EncodeResult result_;
};

/// The texts of an input, one or two, and back.
Value input_value(const EncodeInput& input);
EncodeInput input_of(const Value& value);

/// Tokens as a vocabulary in a file makes them, without offsets and words, and back.
Value tokens_value(const Encoding& encoding);
Encoding tokens_of(const Value& value);

}  // namespace berth::host
