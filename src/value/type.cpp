#include "berth/type.h"

#include <algorithm>
#include <ostream>

namespace berth {

Type Type::union_of(std::vector<Type> alternatives) {
  std::vector<Type> all;
  for (auto& each : alternatives) {
    const auto parts = each.is_union() ? each.args_ : std::vector<Type>{std::move(each)};
    for (const auto& part : parts)
      if (std::ranges::find(all, part) == all.end()) all.push_back(part);
  }
  return all.size() == 1 ? all.front() : Type("Union", std::move(all));
}

std::string Type::str() const {
  if (args_.empty()) return name_;
  std::string text = is_union() ? "" : name_ + "[";
  for (std::size_t i = 0; i < args_.size(); ++i) text += (i == 0 ? "" : is_union() ? " | " : ", ") + args_[i].str();
  return is_union() ? text : text + "]";
}

bool Type::operator==(const Type& other) const {
  if (name_ != other.name_ || args_.size() != other.args_.size()) return false;
  if (is_union()) return std::ranges::is_permutation(args_, other.args_);
  return std::ranges::equal(args_, other.args_);
}

std::ostream& operator<<(std::ostream& out, const Type& type) { return out << type.str(); }

}  // namespace berth
