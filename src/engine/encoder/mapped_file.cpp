#include "engine/encoder/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "berth/error.h"
#include "text/descriptor.h"

namespace berth::encoder {

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const auto fail = [&] {
    throw FormatError(path_, 0, std::generic_category().message(errno), "a file that can be mapped into memory");
  };
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0) fail();
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return;
  auto* start = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (start == MAP_FAILED) fail();
  bytes_ = {static_cast<const std::byte*>(start), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}

std::span<const std::byte> MappedFile::part(std::uint64_t offset, std::uint64_t count) const {
  if (offset > bytes_.size() || count > bytes_.size() - offset)
    throw FormatError(path_, bytes_.size(), "the end of the file", fmt::format("{} bytes from {}", count, offset));
  return bytes_.subspan(offset, count);
}

void leave_to_file(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<std::uintptr_t>(bytes.data());
  const auto first = (start + page - 1) / page * page;
  const auto end = (start + bytes.size()) / page * page;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

}  // namespace berth::encoder
