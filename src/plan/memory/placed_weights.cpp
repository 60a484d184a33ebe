#include "plan/memory/placed_weights.h"

#include <algorithm>
#include <array>
#include <set>

namespace berth::plan {

bool is_of_first_layer(const TensorInfo& tensor, std::string_view architecture) {
  if (tensor.role == "token_embd_norm") return !architecture.starts_with("lfm2");
  constexpr std::array roles = {"per_layer_model_proj", "per_layer_proj_norm", "conv1d"};
  return tensor.name == "hrm.z_l_init" || std::ranges::find(roles, tensor.role) != roles.end();
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
/// CPU may use another layout of the weights than the embeddings do, and the output of
/// Gemma 3n and 4 is loaded first.
bool holds_tied_output_apart(const ModelProfile& profile, const TensorInfo& tensor, const EngineLayout& layout) {
  if (profile.architecture == "gemma3n" || profile.architecture == "gemma4") return true;
  return layout.output_backend == layout.host() && tensor.shape.size() > 1 && tensor.shape[1] % 8 == 0 &&
         std::ranges::find(layout.repacked_types, tensor.type) != layout.repacked_types.end();
}

/// What follows the role in a name: "weight", "bias", or nothing ("blk.0.ssm_a").
std::string_view suffix_of(const TensorInfo& tensor) {
  const std::string_view name = tensor.name;
  return name.ends_with(tensor.role) ? std::string_view() : name.substr(name.rfind('.') + 1);
}

bool is_unused(const TensorInfo& tensor) { return tensor.role == "dec.cross_attn_rel_b"; }

}  // namespace

PlacedWeights::PlacedWeights(const ModelProfile& profile, const Placement& placement, const EngineLayout& layout) {
  const bool has_output = std::ranges::any_of(profile.tensors, [&](const auto& tensor) {
    return tensor.name == "output.weight" || (profile.format == "safetensors" && tensor.role == "output");
  });
  const auto first_layer = layout.layer_backend.empty() ? layout.host_memory() : layout.layer_backend.front();
  const auto backend_of = [&](const TensorInfo& tensor, std::int16_t otherwise) {
    const Device* apart = placement.tensors.find(tensor.name);
    return apart == nullptr ? otherwise : layout.backend_of(*apart);
  };
  all_.reserve(profile.tensors.size() + 1);
  of_layers_.resize(profile.layers.size());
  for (const auto& tensor : profile.tensors) {
    if (is_unused(tensor)) continue;
    if (tensor.layer) {
      const auto layer = static_cast<std::size_t>(*tensor.layer);
      const bool known = *tensor.layer < of_layers_.size();
      if (known && !profile.layers[layer].loaded) continue;
      if (known) of_layers_[layer].push_back(all_.size());
      add(tensor, backend_of(tensor, known ? layout.layer_backend[layer] : layout.host_memory()));
    } else if (is_input(tensor)) {
      const auto input = backend_of(tensor, layout.backend_of(placement.input));
      add_of_model(tensor, input);
      const bool is_embedding =
          tensor.name == "token_embd.weight" || (profile.format == "safetensors" && tensor.role == "token_embd");
      if (!is_embedding || has_output || !loads_tied_output(profile.architecture)) continue;
      const auto output = backend_of(tensor, layout.output_backend);
      if (output != input || holds_tied_output_apart(profile, tensor, layout)) add_of_model(tensor, output);
    } else if (is_of_each_layer(tensor)) {
      std::set<std::int16_t> backends;
      for (std::size_t i = 0; i < profile.layers.size(); ++i)
        if (profile.layers[i].loaded && !profile.layers[i].weights_of &&
            (profile.architecture != "gemma4" || profile.layers[i].window == 0))
          backends.insert(backend_of(tensor, layout.layer_backend[i]));
      for (const auto backend : backends) add_of_model(tensor, backend);
    } else {
      const bool first = is_of_first_layer(tensor, profile.architecture);
      add_of_model(tensor, backend_of(tensor, first ? first_layer : layout.output_backend));
    }
  }
  for (auto& indexes : of_layers_)
    std::ranges::sort(indexes, {}, [this](std::size_t index) -> std::string_view { return role_of(index); });
  const auto own = of_layers_;
  for (std::size_t i = 0; i < own.size(); ++i)
    if (const auto other = profile.layers[i].weights_of; other && *other < own.size())
      of_layers_[i] = own[static_cast<std::size_t>(*other)];
}

const std::string& PlacedWeights::role_of(std::size_t index) const { return all_[index].tensor->role; }

void PlacedWeights::add(const TensorInfo& tensor, std::int16_t backend) {
  all_.push_back({&tensor, backend, element_type(tensor.type)});
}

void PlacedWeights::add_of_model(const TensorInfo& tensor, std::int16_t backend) {
  const auto suffix = suffix_of(tensor);
  of_model_.emplace(suffix.empty() ? tensor.role : tensor.role + "." + std::string(suffix), all_.size());
  add(tensor, backend);
}

const PlacedWeights::Weight* PlacedWeights::find(const std::string& name, std::int16_t backend) const {
  const auto [begin, end] = of_model_.equal_range(name);
  const Weight* any = nullptr;
  for (auto each = begin; each != end; ++each) {
    if (all_[each->second].backend == backend) return &all_[each->second];
    any = &all_[each->second];
  }
  return any;
}

const PlacedWeights::Weight* PlacedWeights::find(std::size_t layer, std::string_view role,
                                                 std::string_view suffix) const {
  const auto& indexes = of_layers_[layer];
  const auto by_role = [this](std::size_t index) -> std::string_view { return role_of(index); };
  for (auto each = std::ranges::lower_bound(indexes, role, {}, by_role); each != indexes.end(); ++each) {
    if (role_of(*each) != role) break;
    if (suffix_of(*all_[*each].tensor) == suffix) return &all_[*each];
  }
  return nullptr;
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
