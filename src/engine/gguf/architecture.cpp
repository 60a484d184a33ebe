#include "engine/gguf/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "text/printable.h"

namespace berth::gguf {
namespace {

using encoder::Config;

constexpr std::int64_t most = 1 << 24;

/// An entry whose other values change what is computed.
void need(const Config& config, std::string_view name, const Value& expected) {
  if (const auto* value = config.find(name); value != nullptr && !(*value == expected))
    config.fail(name, printable(value->to_json()), expected.to_json() + ", the only one that llama.cpp computes here");
}

std::int64_t head_size(const Config& config) {
  const auto heads = config.count("num_attention_heads");
  const auto hidden = config.count("hidden_size");
  if (!config.has("head_dim") && hidden % heads != 0)
    config.fail("num_attention_heads", std::to_string(heads), fmt::format("a divisor of hidden_size, {}", hidden));
  return config.integer("head_dim", hidden / heads, 1, most);
}

/// What config.json says of rotations: "rope_parameters" since transformers 5, "rope_scaling" before.
std::optional<Config> rotation(const Config& config) {
  for (const auto* name : {"rope_parameters", "rope_scaling"})
    if (const auto* entry = config.find(name); entry != nullptr && entry->is_object())
      return Config(config.file(), *entry);
  return std::nullopt;
}

std::string kind_of(const Config& rotation) { return rotation.text("rope_type", rotation.text("type", "default")); }

void set_rotation(const Config& config, const std::string& name, Keys& keys) {
  const auto scaling = rotation(config);
  const auto base = config.number("rope_theta", 10000);
  keys.number(name + ".rope.freq_base", scaling ? scaling->number("rope_theta", base) : base);
  keys.count(name + ".rope.dimension_count", head_size(config));
  if (!scaling) return;
  const auto kind = kind_of(*scaling);
  if (kind == "default" || kind == "llama3") return;  // the latter has a tensor of factors
  if (kind != "linear" && kind != "yarn")
    scaling->fail("rope_type", in_quotes(kind), "default, linear, llama3 or yarn");
  keys.text(name + ".rope.scaling.type", kind);
  keys.number(name + ".rope.scaling.factor", scaling->number("factor", 1));
  if (kind == "linear") return;
  for (const auto* entry : {"attention_factor", "mscale", "mscale_all_dim", "truncate"})
    if (const auto* value = scaling->find(entry); value != nullptr)
      scaling->fail(entry, printable(value->to_json()), "none: YaRN's own factor is the one that is computed");
  keys.count(
      name + ".rope.scaling.original_context_length",
      scaling->integer("original_max_position_embeddings", config.count("max_position_embeddings"), 1, most * 64));
  keys.number(name + ".rope.scaling.yarn_beta_fast", scaling->number("beta_fast", 32));
  keys.number(name + ".rope.scaling.yarn_beta_slow", scaling->number("beta_slow", 1));
}

/// Tokens beyond a sliding window are seen by llama.cpp's graphs of these architectures; so the context ends there.
std::int64_t context_length(const Config& config) {
  const auto length = config.count("max_position_embeddings");
  const bool slides = config.flag("use_sliding_window", config.text("model_type", "") == "mistral");
  return slides ? std::min(length, config.integer("sliding_window", length, 1, most)) : length;
}

/// Llama and those that are built as it is.
void set_llama(const Config& config, const std::string& name, Keys& keys) {
  need(config, "hidden_act", "silu");
  need(config, "partial_rotary_factor", 1.0);
  const auto heads = config.count("num_attention_heads");
  keys.count(name + ".block_count", config.count("num_hidden_layers", 1024));
  keys.count(name + ".context_length", context_length(config));
  keys.count(name + ".embedding_length", config.count("hidden_size"));
  keys.count(name + ".feed_forward_length", config.count("intermediate_size"));
  keys.count(name + ".attention.head_count", heads);
  keys.count(name + ".attention.head_count_kv", config.integer("num_key_value_heads", heads, 1, most));
  keys.count(name + ".attention.key_length", head_size(config));
  keys.count(name + ".attention.value_length", head_size(config));
  keys.number(name + ".attention.layer_norm_rms_epsilon", config.number("rms_norm_eps", 1e-6F));
  keys.count(name + ".vocab_size", config.count("vocab_size"));
  set_rotation(config, name, keys);
}

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
  keys.count(name + ".feed_forward_length", config.integer("n_inner", 4 * width, 1, most));
  keys.count(name + ".attention.head_count", config.count("n_head"));
  keys.number(name + ".attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 1e-5F));
}

void set_t5(const Config& config, const std::string& name, Keys& keys) {
  const auto kind = config.text("feed_forward_proj", "relu");
  if (kind != "relu" && kind != "gated-gelu")
    config.fail("feed_forward_proj", in_quotes(kind), "\"relu\" or \"gated-gelu\"");
  need(config, "relative_attention_max_distance", 128);
  const auto layers = config.count("num_layers", 1024);
  keys.count(name + ".block_count", layers);
  keys.count(name + ".decoder_block_count", config.integer("num_decoder_layers", layers, 1, 1024));
  keys.count(name + ".context_length", config.integer("n_positions", 512, 1, most));
  keys.count(name + ".embedding_length", config.count("d_model"));
  keys.count(name + ".feed_forward_length", config.count("d_ff"));
  keys.count(name + ".attention.head_count", config.count("num_heads"));
  keys.count(name + ".attention.key_length", config.count("d_kv"));
  keys.count(name + ".attention.value_length", config.count("d_kv"));
  keys.count(name + ".attention.relative_buckets_count", config.integer("relative_attention_num_buckets", 32, 1, most));
  keys.number(name + ".attention.layer_norm_rms_epsilon", config.number("layer_norm_epsilon", 1e-6F));
  keys.number(name + ".attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 1e-6F));
  keys.count(name + ".decoder_start_token_id", config.integer("decoder_start_token_id", 0, 0, most));
}

constexpr std::array<Architecture, 6> architectures = {{
    {.model_type = "llama", .name = "llama", .pairs_rows = true, .set_keys = set_llama},
    {.model_type = "mistral", .name = "llama", .pairs_rows = true, .set_keys = set_llama},
    {.model_type = "qwen2", .name = "qwen2", .set_keys = set_llama},
    {.model_type = "qwen3", .name = "qwen3", .set_keys = set_llama},
    {.model_type = "gpt2", .name = "gpt2", .tied = true, .transposed = true, .set_keys = set_gpt2},
    {.model_type = "t5", .name = "t5", .tied = true, .set_keys = set_t5},
}};

}  // namespace

const Architecture& architecture_of(const Config& config) {
  const auto type = config.text("model_type", "");
  const auto found = std::ranges::find(architectures, type, &Architecture::model_type);
  if (found != architectures.end()) return *found;
  std::vector<std::string_view> known;
  known.reserve(architectures.size());
  for (const auto& each : architectures) known.push_back(each.model_type);
  config.fail("model_type", in_quotes(type),
              fmt::format("one of {}. Convert others with llama.cpp: python3 convert_hf_to_gguf.py {}",
                          fmt::join(known, ", "), in_quotes(config.file().parent_path().string())));
}

/// transformers' _compute_llama3_parameters.
std::vector<float> rotation_factors(const Config& config) {
  const auto scaling = rotation(config);
  if (!scaling || kind_of(*scaling) != "llama3") return {};
  const auto base = scaling->number("rope_theta", config.number("rope_theta", 10000));
  const auto factor = scaling->number("factor", 8);
  const auto low = scaling->number("low_freq_factor", 1);
  const auto high = scaling->number("high_freq_factor", 4);
  const auto length = scaling->number("original_max_position_embeddings", 8192);
  if (!(high > low)) scaling->fail("high_freq_factor", std::to_string(high), fmt::format("more than {}", low));
  std::vector<float> factors;
  const auto size = head_size(config);
  for (std::int64_t i = 0; i < size; i += 2) {
    const auto wave = 2 * std::numbers::pi_v<float> * std::pow(base, static_cast<float>(i) / static_cast<float>(size));
    const auto smooth = (length / wave - low) / (high - low);
    factors.push_back(wave < length / high ? 1 : wave > length / low ? factor : 1 / ((1 - smooth) / factor + smooth));
  }
  return factors;
}

}  // namespace berth::gguf
