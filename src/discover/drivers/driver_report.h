/// What a probe says of a driver that it cannot use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "system/dynamic_library.h"
#include "discover/probe.h"

namespace berth::discovery {

/// Where the library is not there: no_driver, with `advice`. Else what is wrong with it.
void report_library(ProbeReport& report, const LibraryError& problem, std::string_view advice);

/// Text of a driver in a field of fixed size, whose end may be missing, fit to be shown.
std::string driver_text(std::string_view field);

/// 16 bytes as "4f1c0000-...": empty where all are zero.
std::string uuid_text(const unsigned char (&bytes)[16]);

/// A count that a driver gave is not believed beyond this.
inline constexpr std::uint32_t most_devices = 1024;
inline constexpr std::uint64_t most_bytes = std::uint64_t{1} << 50;  ///< of one device

}  // namespace berth::discovery
