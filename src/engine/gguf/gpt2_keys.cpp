#include "engine/gguf/architecture_keys.h"
#include "text/printable.h"

namespace berth::gguf {

using encoder::Config;

void set_gpt2(const Config& config, const std::string& name, Keys& keys) {
  const auto* act = config.find("activation_function");
  if (act != nullptr && !(*act == Value("gelu_new") || *act == Value("gelu_pytorch_tanh")))
    config.fail("activation_function", printable(act->to_json()), "\"gelu_new\"");
  need(config, "scale_attn_weights", true);
  need(config, "scale_attn_by_inverse_layer_idx", false);
  const auto width = config.count("n_embd");
  keys.count(name + ".block_count", config.count("n_layer", 1024));
  keys.count(name + ".context_length", config.count("n_positions"));
  keys.count(name + ".embedding_length", width);
  keys.count(name + ".feed_forward_length", config.integer("n_inner", 4 * width, 1, most_count));
  keys.count(name + ".attention.head_count", config.count("n_head"));
  keys.number(name + ".attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 1e-5F));
}

}  // namespace berth::gguf
