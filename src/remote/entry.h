/// Reading of what services send, in which much may be left out.
#pragma once

#include <string_view>

#include "berth/value.h"

namespace berth {

/// The entry `name` of an object, or null. Holds as long as `object`. Throws std::invalid_argument where it is no object.
inline const Value& entry(const Value& object, std::string_view name) {
  static const Value null;
  const Value* found = object.as_object().find(name);
  return found == nullptr ? null : *found;
}

}  // namespace berth
