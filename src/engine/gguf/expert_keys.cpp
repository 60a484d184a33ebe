#include "engine/gguf/architecture_keys.h"

namespace berth::gguf {

using encoder::Config;

namespace {

/// Each layer has `count` experts.
void set_experts(const Config& config, const std::string& name, const char* count, Keys& keys) {
  const auto experts = config.count(count, 1024);
  keys.count(name + ".expert_count", experts);
  keys.count(name + ".expert_used_count", config.count("num_experts_per_tok", experts));
}

void set_qwen_moe(const Config& config, const std::string& name, Keys& keys) {
  need(config, "decoder_sparse_step", 1);
  need(config, "mlp_only_layers", Value::Array());
  set_llama(config, name, keys);
  set_experts(config, name, "num_experts", keys);
  keys.count(name + ".expert_feed_forward_length", config.count("moe_intermediate_size"));
}

}  // namespace

void set_mixtral(const Config& config, const std::string& name, Keys& keys) {
  set_llama(config, name, keys);
  set_experts(config, name, "num_local_experts", keys);
}

void set_qwen2_moe(const Config& config, const std::string& name, Keys& keys) {
  need(config, "norm_topk_prob", false);
  need(config, "tie_word_embeddings", false);
  set_qwen_moe(config, name, keys);
  keys.count(name + ".expert_shared_feed_forward_length", config.count("shared_expert_intermediate_size"));
}

void set_qwen3_moe(const Config& config, const std::string& name, Keys& keys) {
  if (!config.flag("norm_topk_prob", false)) config.fail("norm_topk_prob", "false", "true");
  set_qwen_moe(config, name, keys);
}

}  // namespace berth::gguf
