#include "value/place.h"

#include <stdexcept>

namespace berth::structs {

std::string Place::str() const {
  if (in_ == nullptr) return {};
  const std::string in = in_->str();
  if (name_.empty()) return in + "[" + std::to_string(index_) + "]";
  return in.empty() ? std::string(name_) : in + "." + std::string(name_);
}

void Place::fail(std::string_view problem) const {
  const std::string place = str();
  throw std::invalid_argument(place.empty() ? std::string(problem) : place + ": " + std::string(problem));
}

}  // namespace berth::structs
