#include "engine/memory_count.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace berth {
namespace {

using Number = std::atomic_ref<std::uint64_t>;
static_assert(Number::is_always_lock_free);

[[noreturn]] void fail_to_count() {
  throw std::system_error(errno, std::generic_category(), "memory that counts what processes hold");
}

}  // namespace

MemoryCount::MemoryCount(std::size_t memories)
    : file_(memfd_create("berth-memory-count", MFD_CLOEXEC | MFD_ALLOW_SEALING)), memories_(memories) {
  const auto bytes = static_cast<off_t>(most_processes * (memories_ + 1) * sizeof(std::uint64_t));
  // A process that shortened it would end the others.
  if (file_ < 0 || ftruncate(file_, bytes) != 0 ||
      fcntl(file_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    fail_to_count();
  map();
}

MemoryCount::MemoryCount(Descriptor file, std::size_t memories) : file_(std::move(file)), memories_(memories) { map(); }

MemoryCount::~MemoryCount() { munmap(numbers_.data(), numbers_.size_bytes()); }

void MemoryCount::map() {
  const auto count = most_processes * (memories_ + 1);
  void* bytes = mmap(nullptr, count * sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (bytes == MAP_FAILED) fail_to_count();
  numbers_ = {static_cast<std::uint64_t*>(bytes), count};
}

std::size_t MemoryCount::enter() {
  for (std::size_t process = 0; process < most_processes; ++process) {
    std::uint64_t absent = 0;
    if (Number(present(process)).compare_exchange_strong(absent, 1)) return process;
  }
  throw std::runtime_error("too many processes share a memory");
}

void MemoryCount::leave(std::size_t process) {
  for (std::size_t memory = 0; memory < memories_; ++memory) Number(held(process, memory)).store(0);
  Number(present(process)).store(0);
}

bool MemoryCount::take(std::size_t process, std::size_t memory, std::uint64_t bytes, std::uint64_t limit) {
  if (bytes > limit) return false;
  Number(held(process, memory)).fetch_add(bytes);
  if (taken(memory) <= limit) return true;
  give_back(process, memory, bytes);
  return false;
}

void MemoryCount::give_back(std::size_t process, std::size_t memory, std::uint64_t bytes) {
  Number(held(process, memory)).fetch_sub(bytes);
}

std::uint64_t MemoryCount::taken(std::size_t memory) const {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t sum = 0;
  for (std::size_t process = 0; process < most_processes; ++process) {
    const auto bytes = Number(held(process, memory)).load();
    sum = bytes > most - sum ? most : sum + bytes;  // a process that serves a hostile client may have written anything
  }
  return sum;
}

}  // namespace berth
