#include "engine/gguf/architecture_keys.h"
#include "text/printable.h"

namespace berth::gguf {

using encoder::Config;

void set_t5(const Config& config, const std::string& name, Keys& keys) {
  const auto kind = config.text("feed_forward_proj", "relu");
  if (kind != "relu" && kind != "gated-gelu")
    config.fail("feed_forward_proj", in_quotes(kind), "\"relu\" or \"gated-gelu\"");
  need(config, "relative_attention_max_distance", 128);
  const auto layers = config.count("num_layers", 1024);
  keys.count(name + ".block_count", layers);
  keys.count(name + ".decoder_block_count", config.integer("num_decoder_layers", layers, 1, 1024));
  keys.count(name + ".context_length", config.integer("n_positions", 512, 1, most_count));
  keys.count(name + ".embedding_length", config.count("d_model"));
  keys.count(name + ".feed_forward_length", config.count("d_ff"));
  keys.count(name + ".attention.head_count", config.count("num_heads"));
  keys.count(name + ".attention.key_length", config.count("d_kv"));
  keys.count(name + ".attention.value_length", config.count("d_kv"));
  keys.count(name + ".attention.relative_buckets_count",
             config.integer("relative_attention_num_buckets", 32, 1, most_count));
  keys.number(name + ".attention.layer_norm_rms_epsilon", config.number("layer_norm_epsilon", 1e-6F));
  keys.number(name + ".attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 1e-6F));
  keys.count(name + ".decoder_start_token_id", config.integer("decoder_start_token_id", 0, 0, most_count));
}

}  // namespace berth::gguf
