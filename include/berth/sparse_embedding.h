/// SparseEmbedding: a vector of which only the elements that are not zero are kept.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "berth/value.h"

namespace berth {

/// Haystack's class of that name.
struct SparseEmbedding {
  static constexpr std::string_view class_name = "SparseEmbedding";

  std::vector<std::int64_t> indices = {};
  std::vector<double> values = {};  ///< as many as indices

  bool operator==(const SparseEmbedding&) const = default;

  Value to_dict() const;
  static SparseEmbedding from_dict(const Value& dict);  ///< throws std::invalid_argument
};

}  // namespace berth
