/// On which devices llama.cpp holds each tensor of a model.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "berth/model.h"
#include "berth/placement.h"
#include "plan/memory/engine_layout.h"

namespace berth::plan {

/// Of tensors that the engine keeps on the host with the input, whatever layers do.
inline constexpr std::array<std::string_view, 4> input_roles = {"token_embd", "position_embd", "token_types",
                                                                "per_layer_token_embd"};
inline bool is_input(const TensorInfo& tensor) {
  return std::ranges::find(input_roles, tensor.role) != input_roles.end();
}
/// Whether it is of no layer, but used by the first: the norm of the embeddings, and projections of them.
bool is_of_first_layer(const TensorInfo& tensor, std::string_view architecture);
/// Whether it is loaded for each layer, wherever that is.
bool is_of_each_layer(const TensorInfo& tensor);

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

  /// The tensor of no layer, by its name in GGUF ("output.weight"), as `backend` would have it: its own copy where there
  /// is one, else any. Nothing where the model has no such tensor, or the engine does not load it.
  const Weight* find(const std::string& name, std::int16_t backend) const;
  /// That of a layer, by its role ("attn_q") and what follows it in the name ("weight", "bias", or nothing).
  const Weight* find(std::size_t layer, std::string_view role, std::string_view suffix) const;

  /// The bytes of the weights of each backend.
  std::vector<std::uint64_t> bytes(const EngineLayout& layout) const;

 private:
  const std::string& role_of(std::size_t index) const;
  void add(const TensorInfo& tensor, std::int16_t backend);
  void add_of_model(const TensorInfo& tensor, std::int16_t backend);

  std::vector<Weight> all_;
  std::unordered_multimap<std::string, std::size_t> of_model_;  // by their names in GGUF
  std::vector<std::vector<std::size_t>> of_layers_;             // by role
};

}  // namespace berth::plan
