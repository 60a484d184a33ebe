/// On which devices llama.cpp holds each tensor of a model.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "berth/model.h"
#include "berth/placement.h"
#include "plan/engine_layout.h"

namespace berth::plan {

class PlacedWeights {
 public:
  PlacedWeights(const ModelProfile& profile, const Placement& placement, const EngineLayout& layout);

  struct Weight {
    const TensorInfo* tensor;
    std::int16_t backend;
    ElementType type;
  };
  /// All of them; one that several devices hold stands there several times.
  const std::vector<Weight>& all() const& { return all_; }
  const std::vector<Weight>& all() const&& = delete;

  /// The tensor of this name as `backend` would have it: its own copy where there is one, else any. Nothing where the
  /// model has no such tensor, or the engine does not load it.
  const Weight* find(std::string_view name, std::int16_t backend) const;

  /// The bytes of the weights of each backend.
  std::vector<std::uint64_t> bytes(const EngineLayout& layout) const;

 private:
  std::vector<Weight> all_;
  std::unordered_multimap<std::string_view, std::size_t> by_name_;
};

}  // namespace berth::plan
