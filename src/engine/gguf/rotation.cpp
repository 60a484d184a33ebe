#include "engine/gguf/rotation.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <optional>

#include "engine/gguf/architecture_keys.h"
#include "text/printable.h"

namespace berth::gguf {

using encoder::Config;

namespace {

/// What config.json says of rotations: "rope_parameters" since transformers 5, "rope_scaling" before. The former may tell it
/// for each of the `kinds` of layers.
std::optional<Config> rotation(const Config& config, std::string_view kinds = "full_attention") {
  for (const auto* name : {"rope_parameters", "rope_scaling"}) {
    const auto* entry = config.find(name);
    if (entry == nullptr || !entry->is_object()) continue;
    const auto* part = entry->find(kinds);
    return Config(config.file(), part != nullptr && part->is_object() ? *part : *entry);
  }
  return std::nullopt;
}

std::string kind_of(const Config& rotation) { return rotation.text("rope_type", rotation.text("type", "default")); }

}  // namespace

std::int64_t head_size(const Config& config) {
  const auto heads = config.count("num_attention_heads");
  const auto hidden = config.count("hidden_size");
  if (!config.has("head_dim") && hidden % heads != 0)
    config.fail("num_attention_heads", std::to_string(heads), fmt::format("a divisor of hidden_size, {}", hidden));
  return config.integer("head_dim", hidden / heads, 1, most_count);
}

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
  keys.count(name + ".rope.scaling.original_context_length",
             scaling->integer("original_max_position_embeddings", config.count("max_position_embeddings"), 1,
                              most_count * 64));
  keys.number(name + ".rope.scaling.yarn_beta_fast", scaling->number("beta_fast", 32));
  keys.number(name + ".rope.scaling.yarn_beta_slow", scaling->number("beta_slow", 1));
}

float base_in_windows(const Config& config) {
  const auto base = config.number("rope_local_base_freq", 10000);
  const auto own = rotation(config, "sliding_attention");
  return config.find("rope_parameters") != nullptr && own ? own->number("rope_theta", base) : base;
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
