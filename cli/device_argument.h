/// A device as it is given on the command line.
#pragma once

#include <string>
#include <string_view>

#include "berth/device.h"
#include "berth/resolve.h"

namespace berth::cli {

/// What the help says of such an argument.
inline constexpr auto device_argument_help =
    "cpu, cuda:1, ...; or JSON: a map {\"lm_head\": \"cuda:0\", \"norm\": \"cpu\"} in which an integer is a cuda "
    "device, or the serialized {\"type\": \"single\", \"device\": \"cpu\"}";

/// A device string, a map in Hugging Face's or Haystack's form, or a serialized component device.
/// Throws std::invalid_argument.
ComponentDevice parse_device_argument(std::string_view text);

/// What the help says of an argument that may also be a wish.
inline constexpr auto request_argument_help =
    "A device or map (cpu, cuda:1, a map in JSON), or a wish of terms with commas between them: auto, gpu, a type, "
    "\"not cpu\", \"8 GiB free\", bf16, \"engine llama.cpp\"";

/// A device as parse_device_argument() reads it, or a wish. Throws std::invalid_argument.
ResolveRequest parse_request_argument(std::string_view text);

/// For output: a string, or a map as an object.
Value plain_value(const ComponentDevice& device);

}  // namespace berth::cli
