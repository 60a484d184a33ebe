#include <algorithm>

#include "engine/gguf/architecture_keys.h"
#include "engine/gguf/rotation.h"

namespace berth::gguf {

using encoder::Config;

namespace {

/// Tokens beyond a sliding window are seen by llama.cpp's graphs of these architectures; so the context ends there.
std::int64_t context_length(const Config& config) {
  const auto length = config.count("max_position_embeddings");
  const auto type = config.text("model_type", "");
  const bool slides = config.flag("use_sliding_window", type == "mistral" || type == "mixtral" || type == "phi3");
  return slides ? std::min(length, config.integer("sliding_window", length, 1, most_count)) : length;
}

}  // namespace

void set_decoder(const Config& config, const std::string& name, std::int64_t context_length, Keys& keys) {
  const auto heads = config.count("num_attention_heads");
  keys.count(name + ".block_count", config.count("num_hidden_layers", 1024));
  keys.count(name + ".context_length", context_length);
  keys.count(name + ".embedding_length", config.count("hidden_size"));
  keys.count(name + ".feed_forward_length", config.count("intermediate_size"));
  keys.count(name + ".attention.head_count", heads);
  keys.count(name + ".attention.head_count_kv", config.integer("num_key_value_heads", heads, 1, most_count));
  keys.count(name + ".attention.key_length", head_size(config));
  keys.count(name + ".attention.value_length", head_size(config));
  keys.number(name + ".attention.layer_norm_rms_epsilon", config.number("rms_norm_eps", 1e-6F));
  keys.count(name + ".vocab_size", config.count("vocab_size"));
  set_rotation(config, name, keys);
}

/// Llama and those that are built as it is.
void set_llama(const Config& config, const std::string& name, Keys& keys) {
  need(config, "hidden_act", "silu");
  need(config, "partial_rotary_factor", 1.0);
  set_decoder(config, name, context_length(config), keys);
}

void set_smollm3(const Config& config, const std::string& name, Keys& keys) {
  need(config, "attention_bias", false);
  need(config, "mlp_bias", false);
  need(config, "no_rope_layer_interval", 4);
  Value::Array rotated;
  for (std::int64_t i = 1; i <= config.count("num_hidden_layers", 1024); ++i) rotated.emplace_back(i % 4 == 0 ? 0 : 1);
  need(config, "no_rope_layers", rotated);
  set_llama(config, name, keys);
}

void set_granite(const Config& config, const std::string& name, Keys& keys) {
  set_llama(config, name, keys);
  keys.number(name + ".embedding_scale", config.number("embedding_multiplier", 1));
  keys.number(name + ".attention.scale", config.number("attention_multiplier", 1));
  keys.number(name + ".residual_scale", config.number("residual_multiplier", 1));
  keys.number(name + ".logit_scale", config.number("logits_scaling", 1));
}

void set_olmo2(const Config& config, const std::string& name, Keys& keys) {
  need(config, "attention_bias", false);
  need(config, "tie_word_embeddings", false);
  set_llama(config, name, keys);
}

void set_phi3(const Config& config, const std::string& name, Keys& keys) {
  need(config, "hidden_act", "silu");
  set_decoder(config, name, context_length(config), keys);
}

}  // namespace berth::gguf
