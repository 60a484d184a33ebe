/// Bytes as text (RFC 4648, 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// The bytes of base64 `text` with its padding; nothing where it is none, or longer than 256 MiB. Throws std::runtime_error
/// where there is no OpenSSL.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace berth
