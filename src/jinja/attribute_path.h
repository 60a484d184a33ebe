/// The attribute that a filter looks at: "meta.page", "0", or a number.
#pragma once

#include <optional>
#include <vector>

#include "jinja/any.h"

namespace berth::jinja {

class AttributePath {
 public:
  /// No attribute, which is the value itself, where `attribute` is None.
  AttributePath(Run& run, const Any& attribute);

  /// The attribute of `item`; `otherwise`, where it is given, instead of what is undefined on the way.
  Any of(Run& run, const Any& item, const Any* otherwise = nullptr) const;

 private:
  std::pmr::vector<Any> parts_;
};

/// The paths between the commas of `attribute`.
std::vector<AttributePath> attribute_paths(Run& run, const Any& attribute);

/// A text in lower case, anything else as it is.
Any without_case(Run& run, const Any& value);

}  // namespace berth::jinja
