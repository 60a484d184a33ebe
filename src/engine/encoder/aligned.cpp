#include "engine/encoder/aligned.h"

#include <sys/mman.h>

#include <new>

namespace berth::encoder {
namespace {

class HugePages : public std::pmr::memory_resource {
  static constexpr std::align_val_t page{1 << 21};

  void* do_allocate(std::size_t bytes, std::size_t /*alignment*/) override {
    void* const memory = ::operator new(bytes, page);
#if defined(MADV_HUGEPAGE)
    madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: without them the memory is as good, but slower
#endif
    return memory;
  }
  void do_deallocate(void* memory, std::size_t /*bytes*/, std::size_t /*alignment*/) override {
    ::operator delete(memory, page);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace

std::pmr::memory_resource& huge_pages() {
  static HugePages pages;
  return pages;
}

}  // namespace berth::encoder
