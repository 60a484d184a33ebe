/// SHA-256 (FIPS 180-4).
#pragma once

#include <string>
#include <string_view>

namespace berth {

/// The hash of `bytes` as 64 hexadecimal digits. Throws std::runtime_error where there is no OpenSSL.
std::string sha256(std::string_view bytes);

}  // namespace berth
