/// How fast a disk is read, by reading it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace berth::discovery {

struct ReadLimits {
  std::uint64_t bytes = std::uint64_t{128} << 20;
  std::chrono::milliseconds time{1000};  ///< of writing and of reading each
};

struct ReadSpeed {
  double bytes_per_s = 0;
  std::uint64_t bytes = 0;     ///< that were read
  bool past_the_cache = true;  ///< false: the file system reads by way of the page cache, which was emptied before
};

/// Reads a file from its start in large pieces. Given a folder, it writes a temporary file there and reads that one.
/// Throws std::filesystem::filesystem_error.
ReadSpeed measure_read(const std::filesystem::path& path, const ReadLimits& limits = {});

}  // namespace berth::discovery
