/// Numbers of bytes as people write them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// A name that stands behind a number, and what it is multiplied by.
struct Unit {
  std::string_view name;
  double factor;
};
inline constexpr std::array size_units = {Unit{"B", 1},        Unit{"KB", 1e3},     Unit{"MB", 1e6},
                                          Unit{"GB", 1e9},     Unit{"TB", 1e12},    Unit{"PB", 1e15},
                                          Unit{"KiB", 0x1p10}, Unit{"MiB", 0x1p20}, Unit{"GiB", 0x1p30},
                                          Unit{"TiB", 0x1p40}, Unit{"PiB", 0x1p50}};

/// "24GiB", "1.5 GB", "512 MiB", "100" (bytes): a decimal number and B, kB, KB, MB, GB, TB, PB or KiB, MiB, GiB, TiB, PiB
/// in any case. None where it is nothing of that, or beyond 2^63.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// The shortest text that parse_bytes() reads as the same: "24 GiB", "1000 B".
std::string bytes_text(std::uint64_t bytes);

/// For people: "23.4 GiB", or "-" for 0.
std::string in_units(std::uint64_t bytes);

/// The same in a sentence: "nothing" for 0.
std::string in_words(std::uint64_t bytes);

}  // namespace berth
