/// Reads a file header and knows how many bytes are left.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace berth::model {

/// A reader of little-endian numbers and bytes over a file or memory. Every read is checked against the bytes
/// left and throws FormatError where they do not suffice. A file is read in chunks rather than mapped, since a mapped
/// file that is truncated meanwhile ends the process with SIGBUS.
class ByteReader {
 public:
  /// Opens a regular file. Throws ModelNotFound where there is none, FormatError where it cannot be read.
  explicit ByteReader(const std::filesystem::path& path, std::size_t chunk_bytes = 64 * 1024);
  /// Over memory, which must outlive the reader.
  explicit ByteReader(std::span<const std::byte> memory);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  const std::filesystem::path& path() const { return path_; }  ///< empty over memory
  std::uint64_t size() const { return size_; }
  std::uint64_t offset() const { return window_offset_ + at_; }
  std::uint64_t left() const { return size_ - offset(); }

  /// Names what is being read, for messages: "metadata 'general.name'". Empty: nothing in particular.
  void reading(std::string part) { part_ = std::move(part); }

  template <std::unsigned_integral T>
  T read() {
    const std::byte* bytes = take(sizeof(T));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    return static_cast<T>(value);
  }
  template <std::signed_integral T>
  T read() {
    return static_cast<T>(read<std::make_unsigned_t<T>>());
  }
  template <std::floating_point T>
  T read() {
    if constexpr (sizeof(T) == 4) {
      return std::bit_cast<T>(read<std::uint32_t>());
    } else {
      return std::bit_cast<T>(read<std::uint64_t>());
    }
  }

  /// The next `count` bytes. They are all held in memory: the caller bounds `count`.
  std::string read_bytes(std::uint64_t count);

  /// The next bytes, `count` of them or as many as there are, without going on. Short: at most 64 bytes.
  std::string peek(std::size_t count);

  void skip(std::uint64_t count) {
    if (count <= window_.size() - at_) {
      at_ += static_cast<std::size_t>(count);
    } else {
      skip_beyond_window(count);
    }
  }

  /// Goes on at another place. Throws FormatError where that is behind the end.
  void go_to(std::uint64_t offset);

  /// Throws unless `count` bytes are left.
  void require(std::uint64_t count) const {
    if (count > left()) fail_at_end(count);
  }

  /// Throws FormatError; `found` is followed by what is being read.
  [[noreturn]] void fail(std::uint64_t offset, std::string found, std::string expected) const;

 private:
  /// The next `count` bytes (64 at most) in one piece, valid until the next call.
  const std::byte* take(std::size_t count) {
    if (count > window_.size() - at_) refill(count);
    const std::byte* bytes = window_.data() + at_;
    at_ += count;
    return bytes;
  }
  void refill(std::size_t count);
  void skip_beyond_window(std::uint64_t count);
  [[noreturn]] void fail_at_end(std::uint64_t count) const;

  std::filesystem::path path_;
  int file_ = -1;  // -1 over memory
  std::uint64_t size_ = 0;
  std::size_t most_chunk_bytes_ = 0;
  std::vector<std::byte> chunk_;
  std::span<const std::byte> window_;  // the bytes at hand
  std::uint64_t window_offset_ = 0;    // where they begin
  std::size_t at_ = 0;                 // the next one
  std::string part_;
};

}  // namespace berth::model
