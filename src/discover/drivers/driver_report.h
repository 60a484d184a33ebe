/// What a probe says of a driver that it cannot use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "system/dynamic_library.h"
#include "discover/probe.h"

namespace berth::discovery {

/// Fills `report` for a library that was not opened: no_driver and `advice` where it is missing, else what is wrong.
void report_library(ProbeReport& report, const LibraryError& problem, std::string_view advice);

/// Text that a driver wrote into a field of fixed size, made printable. Its final zero may be missing.
std::string driver_text(std::string_view field);

/// 16 bytes as "4f1c0000-...": empty where all are zero.
std::string uuid_text(const unsigned char (&bytes)[16]);

/// A count that a driver gave is not believed beyond this.
inline constexpr std::uint32_t most_devices = 1024;
inline constexpr std::uint64_t most_bytes = std::uint64_t{1} << 50;  ///< of one device

}  // namespace berth::discovery
