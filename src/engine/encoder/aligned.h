/// Numbers that begin where a cache line does.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace berth::encoder {

template <class T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  AlignedAllocator() = default;
  template <class Other>
  AlignedAllocator(const AlignedAllocator<Other>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), alignment)); }
  void deallocate(T* from, std::size_t) { ::operator delete(from, alignment); }
  bool operator==(const AlignedAllocator&) const = default;
};

template <class T>
using Aligned = std::vector<T, AlignedAllocator<T>>;

}  // namespace berth::encoder
