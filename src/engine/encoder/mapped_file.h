/// A file in memory without a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace berth::encoder {

/// Whoever cuts the file while it is mapped ends the process, as with every program that maps its weights.
class MappedFile {
 public:
  /// Throws FormatError where the file cannot be mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  /// `count` bytes from `offset`. Throws FormatError where the file is too short by now.
  std::span<const std::byte> part(std::uint64_t offset, std::uint64_t count) const;

 private:
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

/// Takes what lies in whole pages out of this process' memory; who reads it again gets it from the file again. `bytes` have to
/// be of a MappedFile.
void leave_to_file(std::span<const std::byte> bytes);

}  // namespace berth::encoder
