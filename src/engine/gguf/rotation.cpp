#include "engine/gguf/rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <string_view>
#include <utility>

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

/// The first files of Phi-3 say "su" and mean "longrope".
std::string kind_of(const Config& rotation) {
  const auto kind = rotation.text("rope_type", rotation.text("type", "default"));
  return kind == "su" ? "longrope" : kind;
}

/// Where llama.cpp loads "rope_freqs.weight", the factors of llama3. Elsewhere a file that has them does not load.
bool has_llama3(std::string_view architecture) { return architecture == "llama" || architecture == "granite"; }
bool has_longrope(std::string_view architecture) { return architecture == "phi3"; }

std::int64_t first_length(const Config& config, const Config& scaling) {
  const auto length =
      config.integer("original_max_position_embeddings", config.count("max_position_embeddings"), 1, most_count * 64);
  return scaling.integer("original_max_position_embeddings", length, 1, most_count * 64);
}

/// transformers' _compute_longrope_parameters.
float long_attention_factor(const Config& config, const Config& scaling) {
  const auto first = static_cast<float>(first_length(config, scaling));
  const auto times = static_cast<float>(config.count("max_position_embeddings")) / first;
  const auto factor = times <= 1 || first <= 1 ? 1 : std::sqrt(1 + std::log(times) / std::log(first));
  return scaling.number("attention_factor", factor);
}

/// A list in `scaling`, with a number for each pair.
std::vector<float> listed_factors(const Config& scaling, std::string_view name, std::int64_t pairs) {
  const auto* list = scaling.find(name);
  if (list == nullptr || !list->is_array() || std::cmp_not_equal(list->as_array().size(), pairs))
    scaling.fail(name, "another list", fmt::format("{} numbers", pairs));
  std::vector<float> factors;
  for (const auto& factor : list->as_array()) {
    if (!factor.is_number() || !(factor.as_double() > 0))
      scaling.fail(name, printable(factor.to_json()), "numbers above 0");
    factors.push_back(static_cast<float>(factor.as_double()));
  }
  return factors;
}

}  // namespace

std::int64_t head_size(const Config& config) {
  const auto heads = config.count("num_attention_heads");
  const auto hidden = config.count("hidden_size");
  if (!config.has("head_dim") && hidden % heads != 0)
    config.fail("num_attention_heads", std::to_string(heads), fmt::format("a divisor of hidden_size, {}", hidden));
  return config.integer("head_dim", hidden / heads, 1, most_count);
}

std::int64_t rotated_size(const Config& config) {
  const auto scaling = rotation(config);
  const auto part = config.number("partial_rotary_factor", 1);
  const auto own = scaling ? scaling->number("partial_rotary_factor", part) : part;
  const auto size = static_cast<std::int64_t>(static_cast<float>(head_size(config)) * std::min(own, 1.0F));
  if (size < 2 || size % 2 != 0)
    config.fail("partial_rotary_factor", std::to_string(own), fmt::format("an even part of {}", head_size(config)));
  return size;
}

void set_rotation(const Config& config, const std::string& name, Keys& keys) {
  const auto scaling = rotation(config);
  const auto base = config.number("rope_theta", 10000);
  keys.number(name + ".rope.freq_base", scaling ? scaling->number("rope_theta", base) : base);
  keys.count(name + ".rope.dimension_count", rotated_size(config));
  if (!scaling) return;
  const auto kind = kind_of(*scaling);
  if (kind == "default" || (kind == "llama3" && has_llama3(name))) return;  // the latter has a tensor of factors
  if (kind == "longrope" && has_longrope(name)) {                           // with tensors of factors
    keys.text(name + ".rope.scaling.type", kind);
    keys.count(name + ".rope.scaling.original_context_length", first_length(config, *scaling));
    return keys.number(name + ".rope.scaling.attn_factor", long_attention_factor(config, *scaling));
  }
  if (kind != "linear" && kind != "yarn")
    scaling->fail("rope_type", in_quotes(kind),
                  fmt::format("default, linear{} or yarn, which llama.cpp computes for {}",
                              has_llama3(name)     ? ", llama3"
                              : has_longrope(name) ? ", longrope"
                                                   : "",
                              name));
  keys.text(name + ".rope.scaling.type", kind);
  keys.number(name + ".rope.scaling.factor", scaling->number("factor", 1));
  if (kind == "linear") return;
  for (const auto* entry : {"attention_factor", "mscale", "mscale_all_dim", "truncate"})
    if (const auto* value = scaling->find(entry); value != nullptr)
      scaling->fail(entry, printable(value->to_json()), "none: YaRN's own factor is the one that is computed");
  keys.count(name + ".rope.scaling.original_context_length", first_length(config, *scaling));
  keys.number(name + ".rope.scaling.yarn_beta_fast", scaling->number("beta_fast", 32));
  keys.number(name + ".rope.scaling.yarn_beta_slow", scaling->number("beta_slow", 1));
}

float base_in_windows(const Config& config) {
  const auto base = config.number("rope_local_base_freq", 10000);
  const auto own = rotation(config, "sliding_attention");
  return config.find("rope_parameters") != nullptr && own ? own->number("rope_theta", base) : base;
}

namespace {

/// transformers' _compute_llama3_parameters.
std::vector<float> llama3_factors(const Config& config, const Config& scaling) {
  const auto base = scaling.number("rope_theta", config.number("rope_theta", 10000));
  const auto factor = scaling.number("factor", 8);
  const auto low = scaling.number("low_freq_factor", 1);
  const auto high = scaling.number("high_freq_factor", 4);
  const auto length = scaling.number("original_max_position_embeddings", 8192);
  if (!(high > low)) scaling.fail("high_freq_factor", std::to_string(high), fmt::format("more than {}", low));
  std::vector<float> factors;
  const auto size = rotated_size(config);
  for (std::int64_t i = 0; i < size; i += 2) {
    const auto wave = 2 * std::numbers::pi_v<float> * std::pow(base, static_cast<float>(i) / static_cast<float>(size));
    const auto smooth = (length / wave - low) / (high - low);
    factors.push_back(wave < length / high ? 1 : wave > length / low ? factor : 1 / ((1 - smooth) / factor + smooth));
  }
  return factors;
}

}  // namespace

std::vector<RotationFactors> rotation_factors(const Config& config, std::string_view architecture) {
  const auto scaling = rotation(config);
  const auto kind = scaling ? kind_of(*scaling) : std::string();
  if (kind == "llama3" && has_llama3(architecture)) return {{"rope_freqs.weight", llama3_factors(config, *scaling)}};
  if (kind != "longrope" || !has_longrope(architecture)) return {};
  const auto pairs = rotated_size(config) / 2;
  return {{"rope_factors_long.weight", listed_factors(*scaling, "long_factor", pairs)},
          {"rope_factors_short.weight", listed_factors(*scaling, "short_factor", pairs)}};
}

}  // namespace berth::gguf
