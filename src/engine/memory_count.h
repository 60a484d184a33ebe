/// What several processes hold of a few memories, counted where all of them see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "text/descriptor.h"

namespace berth {

/// Each process adds to numbers of its own, so that what one of them held goes with it, whenever it dies. Safe to use from several
/// threads and processes; two that take the last bytes at the same time may both get none.
class MemoryCount {
 public:
  static constexpr std::size_t most_processes = 2048;

  /// A new one, of which nobody holds anything. Throws std::system_error.
  explicit MemoryCount(std::size_t memories);
  /// The one that another process made, by its file(). Throws std::system_error.
  MemoryCount(Descriptor file, std::size_t memories);
  ~MemoryCount();
  MemoryCount(const MemoryCount&) = delete;
  MemoryCount& operator=(const MemoryCount&) = delete;

  /// Its bytes, for another process.
  int file() const { return file_; }

  /// A number for one more process. Throws std::runtime_error where there are too many.
  std::size_t enter();
  /// That process is gone, and holds nothing any more.
  void leave(std::size_t process);

  /// Answers false, and takes nothing, where all of them would hold more than `limit` then.
  bool take(std::size_t process, std::size_t memory, std::uint64_t bytes, std::uint64_t limit);
  void give_back(std::size_t process, std::size_t memory, std::uint64_t bytes);
  /// What all of them hold.
  std::uint64_t taken(std::size_t memory) const;

 private:
  void map();
  std::uint64_t& present(std::size_t process) const { return numbers_[process * (memories_ + 1)]; }
  std::uint64_t& held(std::size_t process, std::size_t memory) const {
    return numbers_[process * (memories_ + 1) + 1 + memory];
  }

  Descriptor file_;
  std::size_t memories_;
  std::span<std::uint64_t> numbers_;
};

}  // namespace berth
