/// Where in a document something stands.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::structs {

/// A chain of names and indices that lives on the stack while a document is read; it becomes a text only where
/// something is wrong.
class Place {
 public:
  Place() = default;  ///< the document itself
  Place(const Place& in, std::string_view name) : in_(&in), name_(name) {}
  Place(const Place& in, std::size_t index) : in_(&in), index_(index) {}
  Place(Place&& in, std::string_view name) = delete;  // it has to live as long as this
  Place(Place&& in, std::size_t index) = delete;

  std::string str() const;  ///< "devices[3].free_bytes"

  /// Throws std::invalid_argument "devices[3].free_bytes: ...".
  [[noreturn]] void fail(std::string_view problem) const;

 private:
  const Place* in_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
};

}  // namespace berth::structs
