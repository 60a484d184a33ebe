/// The memory of one rendering, or of the constants of one template.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace berth::jinja {

/// Everything that is made in it is freed with it, at once and without recursion, so that values may hold each other in
/// any way. What is made in between stays until then: the limits of a rendering bound it.
class Heap {
 public:
  Heap() = default;
  ~Heap() {
    for (auto made = destructors_.rbegin(); made != destructors_.rend(); ++made) made->second(made->first);
  }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  /// A T that lives as long as the heap. The destructor of an Owner runs, that of other classes does not need to: their
  /// members are in this heap, too.
  template <class T, class... Arguments>
  T* make(Arguments&&... arguments) {
    T* made = new (memory_.allocate(sizeof(T), alignof(T))) T(std::forward<Arguments>(arguments)...);
    if constexpr (requires { typename T::owns_memory; })
      destructors_.emplace_back(made, [](void* object) { static_cast<T*>(object)->~T(); });
    return made;
  }

  /// A copy of `bytes`.
  std::string_view keep(std::string_view bytes) {
    if (bytes.empty()) return {};
    auto* copy = static_cast<char*>(memory_.allocate(bytes.size(), 1));
    std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, bytes.size()};
  }

  std::pmr::memory_resource* resource() { return &memory_; }

 private:
  std::pmr::monotonic_buffer_resource memory_{4096};
  std::vector<std::pair<void*, void (*)(void*)>> destructors_;
};

}  // namespace berth::jinja
