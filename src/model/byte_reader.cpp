#include "model/byte_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "berth/error.h"

namespace berth::model {
namespace {

std::string error_text(int code) { return std::generic_category().message(code); }

}  // namespace

ByteReader::ByteReader(const std::filesystem::path& path, std::size_t chunk_bytes)
    : path_(path), most_chunk_bytes_(std::max<std::size_t>(chunk_bytes, 64)) {
  // Not blocking, so that a FIFO does not wait for its writer.
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) {
    const int code = errno;
    if (code == ENOENT || code == ENOTDIR) throw ModelNotFound(fmt::format("There is no file '{}'", path.string()));
    throw FormatError(path, 0, "a file that cannot be opened: " + error_text(code), "a model file");
  }
  struct stat status {};
  const bool known = ::fstat(file_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const int code = known ? 0 : errno;
    ::close(file_);
    if (!known) throw FormatError(path, 0, "a file whose size is not known: " + error_text(code), "a model file");
    if (S_ISDIR(status.st_mode)) throw FormatError(path, 0, "a folder", "a model file");
    throw FormatError(path, 0, "a device, pipe or socket", "a model file");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

ByteReader::ByteReader(std::span<const std::byte> memory) : size_(memory.size()), window_(memory) {}

ByteReader::~ByteReader() {
  if (file_ >= 0) ::close(file_);
}

std::string ByteReader::read_bytes(std::uint64_t count) {
  require(count);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(count));
  while (count > 0) {
    if (at_ == window_.size()) refill(1);
    const auto piece =
        window_.subspan(at_, static_cast<std::size_t>(std::min<std::uint64_t>(count, window_.size() - at_)));
    bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    at_ += piece.size();
    count -= piece.size();
  }
  return bytes;
}

std::string ByteReader::peek(std::size_t count) {
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, left()));
  const std::byte* bytes = take(count);
  at_ -= count;
  return {reinterpret_cast<const char*>(bytes), count};
}

void ByteReader::refill(std::size_t count) {
  require(count);
  window_offset_ = offset();
  at_ = 0;
  window_ = {};
  std::size_t filled = 0;
  constexpr std::size_t first_chunk_bytes = 8 * 1024;  // as much as the header of most shards
  chunk_.resize(std::min(std::max(2 * chunk_.size(), first_chunk_bytes), most_chunk_bytes_));
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), size_ - window_offset_));
  while (filled < wanted) {
    const auto n = ::pread(file_, chunk_.data() + filled, wanted - filled, static_cast<off_t>(window_offset_ + filled));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(window_offset_ + filled, "a read error: " + error_text(errno), "readable bytes");
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  window_ = std::span(chunk_).first(filled);
  if (filled < count)
    fail(window_offset_ + filled, "the end of a file that became shorter while it was read", "more bytes");
}

void ByteReader::skip_beyond_window(std::uint64_t count) {
  require(count);
  go_to(offset() + count);
}

void ByteReader::go_to(std::uint64_t offset) {
  if (offset > size_) fail(offset, "a place behind the end of the file", "one before it");
  if (file_ < 0) {
    at_ = static_cast<std::size_t>(offset);
    return;
  }
  window_offset_ = offset;
  window_ = {};
  at_ = 0;
}

void ByteReader::fail(std::uint64_t offset, std::string found, std::string expected) const {
  if (!part_.empty()) found += " in " + part_;
  throw FormatError(path_, offset, std::move(found), std::move(expected));
}

void ByteReader::fail_at_end(std::uint64_t count) const {
  throw FormatError(path_, size_, "the end of the file",
                    fmt::format("{} more bytes{}{}: the file is damaged, or its download is incomplete", count - left(),
                                part_.empty() ? "" : " for ", part_));
}

}  // namespace berth::model
