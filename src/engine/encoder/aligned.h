/// Numbers that begin where a cache line does.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <vector>

namespace berth::encoder {

/// Large pieces of memory, in huge pages where the system has some: a processor that reads many matrices in turn finds their
/// addresses quicker. Only what is used of a piece takes memory.
std::pmr::memory_resource& huge_pages();

template <class T>
class AlignedAllocator {
 public:
  using value_type = T;

  AlignedAllocator(std::pmr::memory_resource* memory = std::pmr::new_delete_resource()) : memory_(memory) {}
  template <class Other>
  AlignedAllocator(const AlignedAllocator<Other>& other) : memory_(other.memory()) {}

  T* allocate(std::size_t count) { return static_cast<T*>(memory_->allocate(count * sizeof(T), alignment)); }
  void deallocate(T* from, std::size_t count) { memory_->deallocate(from, count * sizeof(T), alignment); }
  std::pmr::memory_resource* memory() const { return memory_; }
  bool operator==(const AlignedAllocator&) const = default;

 private:
  static constexpr std::size_t alignment = 64;
  std::pmr::memory_resource* memory_;
};

template <class T>
using Aligned = std::vector<T, AlignedAllocator<T>>;

}  // namespace berth::encoder
