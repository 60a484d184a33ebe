/// Numbers of bytes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// "24GiB", "1.5 GB", "512 MiB", "100" (bytes): a decimal number and B, kB, KB, MB, GB, TB, PB or KiB, MiB, GiB, TiB, PiB
/// in any case. None where it is nothing of that, or beyond 2^63.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// The shortest text that parse_bytes() reads as the same: "24 GiB", "1000 B".
std::string bytes_text(std::uint64_t bytes);

/// For people: "23.4 GiB", or "-" for 0.
std::string in_units(std::uint64_t bytes);

}  // namespace berth
