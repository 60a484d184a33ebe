#include "plan/placed_weights.h"

#include <algorithm>
#include <array>

namespace berth::plan {

bool is_of_first_layer(const TensorInfo& tensor, std::string_view architecture) {
  if (tensor.role == "token_embd_norm") return !architecture.starts_with("lfm2");
  constexpr std::array roles = {"per_layer_model_proj", "per_layer_proj_norm", "hrm.z_l_init", "conv1d"};
  return std::ranges::find(roles, tensor.role) != roles.end();
}

bool is_of_each_layer(const TensorInfo& tensor) {
  constexpr std::array roles = {"rope_freqs", "rope_factors_long", "rope_factors_short"};
  return std::ranges::find(roles, tensor.role) != roles.end();
}

namespace {

/// Whether embeddings that serve as the output too are loaded a second time as that. Encoders have no output, and
/// bitnet's is computed where the embeddings are.
bool loads_tied_output(std::string_view architecture) {
  constexpr std::array without = {"bert",        "nomic-bert", "nomic-bert-moe", "jina-bert-v2",     "jina-bert-v3",
                                  "modern-bert", "neo-bert",   "eurobert",       "wavtokenizer-dec", "bitnet"};
  return std::ranges::find(without, architecture) == without.end();
}

/// Whether an output that shares the embeddings' tensor is a copy of its own even on the same device: products on the
/// CPU may use another layout of the weights than the embeddings do, and Gemma 3n's output is loaded first.
bool holds_tied_output_apart(const ModelProfile& profile, const TensorInfo& tensor, const EngineLayout& layout) {
  if (profile.architecture == "gemma3n") return true;
  return layout.output_backend == layout.host() && tensor.shape.size() > 1 && tensor.shape[1] % 8 == 0 &&
         std::ranges::find(layout.repacked_types, tensor.type) != layout.repacked_types.end();
}

bool is_unused(const TensorInfo& tensor) { return tensor.role == "dec.cross_attn_rel_b"; }

}  // namespace

PlacedWeights::PlacedWeights(const ModelProfile& profile, const Placement& placement, const EngineLayout& layout) {
  const bool has_output = std::ranges::any_of(profile.tensors, [&](const auto& tensor) {
    return tensor.name == "output.weight" || (profile.format == "safetensors" && tensor.role == "output");
  });
  const auto first_layer = layout.layer_backend.empty() ? layout.host_memory() : layout.layer_backend.front();
  const auto add = [&](const TensorInfo& tensor, std::int16_t backend, bool twice = false) {
    if (const Device* device = placement.tensors.find(tensor.name)) backend = layout.backend_of(*device);
    if (!twice && find(tensor.name, backend) != nullptr && find(tensor.name, backend)->backend == backend) return;
    by_name_.emplace(tensor.name, all_.size());
    all_.push_back({&tensor, backend, element_type(tensor.type)});
  };
  all_.reserve(profile.tensors.size() + 1);
  by_name_.reserve(profile.tensors.size() + 1);
  const auto layer_backend = [&](std::uint64_t layer) {
    return layer < layout.layer_backend.size() ? layout.layer_backend[static_cast<std::size_t>(layer)]
                                              : layout.host_memory();
  };
  for (const auto& tensor : profile.tensors) {
    if (is_unused(tensor)) continue;
    if (tensor.layer) {
      if (*tensor.layer < profile.layers.size() && !profile.layers[static_cast<std::size_t>(*tensor.layer)].loaded)
        continue;
      add(tensor, layer_backend(*tensor.layer));
    } else if (is_input(tensor)) {
      add(tensor, layout.backend_of(placement.input));
      const bool is_embedding =
          tensor.name == "token_embd.weight" || (profile.format == "safetensors" && tensor.role == "token_embd");
      if (is_embedding && !has_output && loads_tied_output(profile.architecture))
        add(tensor, layout.output_backend, holds_tied_output_apart(profile, tensor, layout));
    } else if (is_of_each_layer(tensor)) {
      for (std::size_t i = 0; i < profile.layers.size(); ++i)
        if (profile.layers[i].loaded) add(tensor, layout.layer_backend[i]);
    } else {
      add(tensor, is_of_first_layer(tensor, profile.architecture) ? first_layer : layout.output_backend);
    }
  }
}

const PlacedWeights::Weight* PlacedWeights::find(std::string_view name, std::int16_t backend) const {
  const auto [begin, end] = by_name_.equal_range(name);
  const Weight* any = nullptr;
  for (auto each = begin; each != end; ++each) {
    if (all_[each->second].backend == backend) return &all_[each->second];
    any = &all_[each->second];
  }
  return any;
}

std::vector<std::uint64_t> PlacedWeights::bytes(const EngineLayout& layout) const {
  std::vector<std::uint64_t> sums(layout.backends.size(), 0);
  for (const auto& weight : all_) {
    const auto& backend = layout.backends[static_cast<std::size_t>(weight.backend)];
    const auto& type = weight.type;
    auto bytes = weight.tensor->bytes;
    const auto row = weight.tensor->shape.empty() ? 1 : weight.tensor->shape.front();
    if (type.quantized() && row % backend.row_elements != 0)
      bytes = plus(bytes, times((backend.row_elements - row % backend.row_elements) / type.elements, type.bytes));
    bytes = times(plus(bytes, backend.alignment - 1) / backend.alignment, backend.alignment);
    auto& sum = sums[static_cast<std::size_t>(weight.backend)];
    sum = plus(sum, bytes);
  }
  return sums;
}

}  // namespace berth::plan
