#include <string>

#include "engine/gguf/architecture_keys.h"
#include "engine/gguf/rotation.h"
#include "text/printable.h"

namespace berth::gguf {

using encoder::Config;

namespace {

void set_any_gemma(const Config& config, const std::string& name, Keys& keys) {
  need(config, "attention_bias", false);
  need(config, "use_bidirectional_attention", false);
  set_decoder(config, name, config.count("max_position_embeddings"), keys);
}

/// llama.cpp scales queries by the size of a head; of the largest model, which it knows by its `layers`, by what the width
/// leaves to a head.
void need_scale_of_queries(const Config& config, std::int64_t layers) {
  const bool is_largest = config.count("num_hidden_layers") == layers;
  const auto size = is_largest ? config.count("hidden_size") / config.count("num_attention_heads") : head_size(config);
  const auto found = config.number("query_pre_attn_scalar", 256);
  if (found != static_cast<float>(size))
    config.fail("query_pre_attn_scalar", std::to_string(found), std::to_string(size));
}

}  // namespace

Value gemma3_text() {
  return Value::Object{{"vocab_size", 262208},      {"hidden_size", 2304},
                       {"intermediate_size", 9216}, {"num_hidden_layers", 26},
                       {"num_attention_heads", 8},  {"num_key_value_heads", 4},
                       {"head_dim", 256},           {"max_position_embeddings", 131072},
                       {"rope_theta", 1e6},         {"query_pre_attn_scalar", 256},
                       {"sliding_window", 4096}};
}

void set_gemma(const Config& config, const std::string& name, Keys& keys) {
  // The first files say "gelu" and mean its approximation.
  if (config.text("hidden_act", "gelu") != "gelu") need(config, "hidden_act", "gelu_pytorch_tanh");
  set_any_gemma(config, name, keys);
}

void set_gemma2(const Config& config, const std::string& name, Keys& keys) {
  need(config, "hidden_activation", "gelu_pytorch_tanh");
  need_scale_of_queries(config, 46);
  set_any_gemma(config, name, keys);
  if (!set_windows(config, name, 2, keys)) config.fail("layer_types", "no \"sliding_attention\"", "one in each model");
  for (const auto* cap : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (config.find(cap) == nullptr) config.fail(cap, "nothing", "a number");
    keys.number(name + '.' + cap, config.number(cap, 1));
  }
}

void set_gemma3(const Config& config, const std::string& name, Keys& keys) {
  need(config, "hidden_activation", "gelu_pytorch_tanh");
  if (config.find("attn_logit_softcapping") != nullptr) config.fail("attn_logit_softcapping", "a number", "null");
  need_scale_of_queries(config, 62);
  set_any_gemma(config, name, keys);
  if (set_windows(config, name, 6, keys)) keys.number(name + ".rope.freq_base_swa", base_in_windows(config));
  if (config.find("final_logit_softcapping") != nullptr)
    keys.number(name + ".final_logit_softcapping", config.number("final_logit_softcapping", 1));
}

}  // namespace berth::gguf
