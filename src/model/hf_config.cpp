#include "model/hf_config.h"

#include <algorithm>
#include <system_error>

#include "berth/error.h"

#include "model/hf_layers.h"
#include "model/hf_role.h"
#include "model/named_file.h"

namespace berth::model {
namespace {

constexpr std::uint64_t most_config_bytes = 16 << 20;

bool has_chat_template(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto* name : {"chat_template.jinja", "chat_template.json"})
    if (std::filesystem::exists(folder / name, error)) return true;
  const auto tokenizer = folder / "tokenizer_config.json";
  if (!std::filesystem::exists(tokenizer, error)) return false;
  const auto config = read_json(tokenizer, most_config_bytes);
  const auto* found = config.find("chat_template");
  return found != nullptr && !found->is_null();
}

/// Layers, by the names of the tensors: one more than the last.
std::optional<std::uint64_t> counted_layers(const ModelProfile& profile) {
  std::optional<std::uint64_t> count;
  for (const auto& tensor : profile.tensors)
    if (tensor.layer) count = std::max(count.value_or(0), *tensor.layer + 1);
  return count;
}

}  // namespace

void set_from_config(ModelProfile& profile, const Value& config) {
  const HfConfig read(config);
  for (auto& tensor : profile.tensors) set_hf_role(tensor, read.has_two_stacks());
  if (config.is_null()) {
    profile.block_count = counted_layers(profile);
    profile.notes.push_back("there is no config.json: architecture, heads and cache are not known");
    return;
  }
  profile.metadata.set("config", config);
  profile.architecture = read.architecture();
  profile.context_length = read.count(
      {"max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length", "n_ctx"});
  profile.vocabulary_size = read.count({"vocab_size"});
  profile.embedding_length = read.count({"hidden_size", "n_embd", "d_model", "dim", "model_dim"});
  profile.experts = read.count({"num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts"}).value_or(0);
  profile.key_rank = read.count({"kv_lora_rank"});
  profile.query_rank = read.count({"q_lora_rank"});
  set_hf_layers(profile, read);
  if (profile.architecture.empty())
    profile.notes.push_back("config.json names no model_type: the architecture is not known");
}

void set_from_config(ModelProfile& profile, const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  std::error_code error;
  Value config;
  if (std::filesystem::exists(path, error)) {
    config = read_json(path, most_config_bytes);
    if (!config.is_object()) throw FormatError(path, 0, "JSON that is no object", "the configuration of a model");
  }
  set_from_config(profile, config);
  profile.has_chat_template = has_chat_template(folder);
}

}  // namespace berth::model
