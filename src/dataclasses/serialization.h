/// What the serialized forms of all components share (Haystack's core/serialization).
#pragma once

#include <string_view>

#include "berth/value.h"

namespace berth {

/// The "init_parameters" of a component serialized as {"type": `type`, "init_parameters": {...}}; empty where absent.
/// Throws std::invalid_argument where the type is missing or another one, with Haystack's texts.
Value::Object init_parameters(const Value& data, std::string_view type);

/// Whether Haystack takes `value` for a serialized ComponentDevice.
bool is_serialized_device(const Value& value);

/// `value` with the dictionary forms of the objects in it. Throws std::invalid_argument where one has none.
Value plain(const Value& value);

}  // namespace berth
