/// The names by which a device map may call the parts of a GGUF model: its own and those of transformers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "berth/model.h"
#include "plan/placement/hf_modules.h"

namespace berth::plan {

class PartNames {
 public:
  /// `profile` has to outlive this.
  explicit PartNames(const ModelProfile& profile);

  /// Numbers of the tensors of `profile` that a name covers, with all that is below it: "blk.3", "blk.3.attn_q.weight",
  /// "model.layers.3", "model.layers.3.self_attn", "decoder.block.3.layer.0", "lm_head", "". tied_output() is among them where the output shares the
  /// tensor of the embeddings. Empty for what has no tensors in GGUF, such as "model.rotary_emb". Nothing where the model
  /// has no such part.
  std::optional<std::vector<std::size_t>> find(std::string_view name) const;

  std::size_t tied_output() const { return profile_.tensors.size(); }
  bool output_is_tied() const { return tied_; }

  /// The end of a message that the model has no part `name`: what somebody may have meant, or how many layers there are.
  std::string hint(std::string_view name) const;

 private:
  using Numbers = std::vector<std::size_t>;

  std::optional<Numbers> find_own(std::string_view name) const;
  std::optional<Numbers> find_in_stacks(std::string_view name) const;
  std::optional<Numbers> find_in_layer(const TensorInfo& asked, std::string_view name) const;
  std::optional<Numbers> find_outside(const TensorInfo& asked, std::string_view name) const;
  std::optional<Numbers> find_without_tensors(std::string_view name) const;
  bool is_wrapper(std::string_view name) const;
  bool holds_layers(std::string_view container) const;
  std::vector<std::string> known() const;
  std::vector<std::string> known_in_layer(std::string_view layer) const;
  std::string nearest_part(std::string_view name) const;
  Numbers everything() const;

  const ModelProfile& profile_;
  std::optional<HfModules> modules_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<Numbers> layers_;
  Numbers outside_;
  std::vector<std::string> stack_names_;  // of the tensors of an encoder and a decoder; otherwise empty
  bool tied_ = true;
};

}  // namespace berth::plan
