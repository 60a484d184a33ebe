#include "model/layers.h"

#include <algorithm>
#include <array>

#include "model/layer_rules.h"

namespace berth::model {
namespace {

constexpr std::uint64_t most_count = 1ULL << 24;     // of one size, so that products of two of them stay numbers
constexpr std::uint64_t most_elements = 1ULL << 40;  // of a state

const Value* find(const ModelProfile& profile, std::string_view key) {
  return profile.metadata.find(profile.architecture + "." + std::string(key));
}

std::optional<std::uint64_t> as_count(const Value& value) {
  if (value.is_bool()) return value.as_bool() ? 1 : 0;
  if (!value.is_int() || value.as_int() < 0 || static_cast<std::uint64_t>(value.as_int()) > most_count)
    return std::nullopt;
  return static_cast<std::uint64_t>(value.as_int());
}

/// One number for each layer, from an entry that holds one number for all or one for each.
std::vector<std::uint64_t> per_layer(const ModelProfile& profile, std::string_view key,
                                     std::vector<std::uint64_t> fallback) {
  const Value* value = find(profile, key);
  if (value == nullptr) return fallback;
  if (const auto count = as_count(*value)) return std::vector<std::uint64_t>(fallback.size(), *count);
  if (!value->is_array() || value->as_array().size() < fallback.size()) return fallback;
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < fallback.size(); ++i) {
    const auto count = as_count(value->as_array()[i]);
    if (!count) return fallback;
    numbers.push_back(*count);
  }
  return numbers;
}

std::optional<std::vector<std::uint64_t>> flags(const ModelProfile& profile, std::string_view key, std::size_t count) {
  const Value* value = find(profile, key);
  if (value == nullptr || !value->is_array()) return std::nullopt;
  return per_layer(profile, key, std::vector<std::uint64_t>(count, 0));
}

/// How often the engine goes through the layers of the file.
std::uint64_t times_through(const ModelProfile& profile) {
  const Value* loops =
      layer_rules(profile.architecture).weights == Weights::in_loops ? find(profile, "num_loops") : nullptr;
  return loops != nullptr && loops->is_int()
             ? static_cast<std::uint64_t>(std::clamp<std::int64_t>(loops->as_int(), 0, most_layers))
             : 1;
}

class Layers {
 public:
  Layers(ModelProfile& profile, std::size_t count)
      : profile_(profile), rules_(layer_rules(profile.architecture)), layers_(count) {
    const auto extra = std::min<std::uint64_t>(number("nextn_predict_layers", 0), count);
    trunk_ = count - static_cast<std::size_t>(extra);
  }

  std::vector<LayerProfile> read() {
    set_heads();
    set_feed_forward();
    share_indexers();
    set_kinds();
    set_windows();
    share_caches();
    set_states();
    for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i].loaded = i < trunk_;
    if (rules_.weights == Weights::in_loops) repeat();
    if (rules_.weights == Weights::in_stacks) share_stacks();
    return std::move(layers_);
  }

 private:
  std::uint64_t number(std::string_view key, std::uint64_t fallback) const {
    return architecture_count(profile_, key).value_or(fallback);
  }

  void set_heads() {
    const std::vector<std::uint64_t> none(layers_.size(), 0);
    const auto heads = per_layer(profile_, "attention.head_count", none);
    const auto kv_heads = per_layer(profile_, "attention.head_count_kv", heads);
    const auto width = profile_.embedding_length.value_or(0);
    const auto each = heads.front() == 0 ? 0 : width / heads.front();
    const bool sized = heads.front() > 0 || rules_.sizes_without_heads;
    const auto key = sized ? number("attention.key_length", each) : 0;
    const auto value = sized ? number("attention.value_length", each) : 0;
    const bool keys_only = rules_.keys_only ||
                           (number("attention.key_length_mla", 0) != 0 && number("attention.value_length_mla", 0) != 0);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      layers_[i].heads = heads[i];
      layers_[i].kv_heads = kv_heads[i];
      layers_[i].key_length = key;
      layers_[i].value_length = value;
      layers_[i].keys_only = keys_only;
    }
  }

  void set_feed_forward() {
    const auto lengths = per_layer(profile_, "feed_forward_length", std::vector<std::uint64_t>(layers_.size(), 0));
    const auto used = per_layer(profile_, "expert_used_count", std::vector<std::uint64_t>(layers_.size(), 0));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      layers_[i].feed_forward_length = lengths[i];
      layers_[i].experts_used = used[i];
    }
    for (const auto& tensor : profile_.tensors) {
      if (!tensor.layer || *tensor.layer >= layers_.size()) continue;
      auto& layer = layers_[*tensor.layer];
      if (tensor.role == "ffn_down_exps" || tensor.role.starts_with("ffn_down.")) layer.experts = true;
      if (tensor.role == "ffn_down" || tensor.role == "dec.ffn_down" || tensor.role == "channel_mix_value")
        layer.dense = true;
      if (tensor.role == "indexer.attn_k" || tensor.role == "indexer.k_proj")
        layer.indexer_length = number("attention.indexer.key_length", 0) * (rules_.pools_index ? 3 : 1);
    }
  }

  /// Some layers attend to the keys that the index of a layer before chose.
  void share_indexers() {
    if (profile_.architecture != "glm-dsa" && profile_.architecture != "glm5-next") return;
    std::vector<std::uint64_t> own(layers_.size(), 1);
    constexpr std::uint64_t shares_from = 1 << 20;  // GLM 5.2, which is trained for as many tokens
    if (profile_.architecture == "glm-dsa" && profile_.context_length.value_or(0) >= shares_from)
      for (std::size_t i = 2; i < own.size(); ++i) own[i] = (i - 2) % 4 == 0 ? 1 : 0;
    own = per_layer(profile_, "attention.indexer.types", own);
    for (std::size_t i = 0; i < layers_.size(); ++i)
      if (own[i] == 0) layers_[i].indexer_length = 0;
  }

  bool is_recurrent(std::size_t i, const std::vector<std::uint64_t>& listed) const {
    const auto& layer = layers_[i];
    switch (rules_.recurrent) {
      case Recurrent::never:
        return false;
      case Recurrent::always:
      case Recurrent::beside_attention:
        return true;
      case Recurrent::without_kv_heads:
        return layer.kv_heads == 0;
      case Recurrent::without_kv_heads_and_feed_forward:
        return layer.kv_heads == 0 && layer.feed_forward_length == 0;
      case Recurrent::by_interval:
        return i < trunk_ && listed[i] != 0;
    }
    return false;
  }

  std::vector<std::uint64_t> listed_recurrent() const {
    std::vector<std::uint64_t> listed(layers_.size());
    const auto interval = std::max<std::uint64_t>(number("full_attention_interval", rules_.attention_interval), 1);
    for (std::size_t i = 0; i < listed.size(); ++i) listed[i] = (i + 1) % interval != 0 ? 1 : 0;
    return per_layer(profile_, "attention.recurrent_layers", listed);
  }

  void set_kinds() {
    const auto listed = listed_recurrent();
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      auto& layer = layers_[i];
      layer.recurrent = is_recurrent(i, listed);
      layer.attention = rules_.recurrent != Recurrent::always &&
                        (!layer.recurrent || rules_.recurrent == Recurrent::beside_attention);
      if (rules_.recurrent == Recurrent::without_kv_heads_and_feed_forward && layer.feed_forward_length != 0)
        layer.attention = false;
      layer.has_cache = layer.attention && rules_.caches && i < trunk_;
      if (!layer.attention) layer.keys_only = false;
    }
  }

  void set_windows() {
    if (rules_.window == Windowed::never) return;
    auto window = architecture_count(profile_, "attention.sliding_window");
    if (rules_.window == Windowed::unless_zero && window == 0) return;
    if (rules_.fixed_window != 0 && (rules_.window == Windowed::unless_zero || window.value_or(0) > 0))
      window = rules_.fixed_window;
    const auto size = window.value_or(rules_.default_window);
    if (size == 0 || (rules_.layers_for_window != 0 && trunk_ != rules_.layers_for_window)) return;
    const auto listed = flags(profile_, "attention.sliding_window_pattern", layers_.size());
    const auto period = number("attention.sliding_window_pattern", rules_.window_period);
    const auto key = number("attention.key_length_swa", layers_.front().key_length);
    const auto value = number("attention.value_length_swa", layers_.front().value_length);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      bool windowed = i < trunk_ && (period == 0 || (rules_.dense_first ? i % period != 0 : i % period < period - 1));
      if (rules_.window_period == 0) windowed = false;
      if (rules_.window == Windowed::all_attention) windowed = layers_[i].attention;
      if (listed) windowed = (*listed)[i] != 0;
      if (!windowed || !layers_[i].attention) continue;
      layers_[i].window = size;
      layers_[i].key_length = key;
      layers_[i].value_length = value;
    }
  }

  void share_caches() {
    std::uint64_t own = rules_.own_caches;
    if (rules_.shares_last)
      own = layers_.size() - std::min<std::uint64_t>(number("attention.shared_kv_layers", 0), layers_.size());
    if (own < 2 || own >= layers_.size()) return;
    for (auto i = static_cast<std::size_t>(own); i < layers_.size(); ++i) {
      layers_[i].has_cache = false;
      layers_[i].cache_of = own - (layers_[i].window != 0 ? 2 : 1);
    }
  }

  void repeat() {
    const auto once = layers_.size();
    const auto loops = times_through(profile_);
    layers_.resize(once * static_cast<std::size_t>(loops));
    for (std::size_t i = once; i < layers_.size(); ++i) {
      layers_[i] = layers_[i % once];
      layers_[i].weights_of = i % once;
    }
  }

  /// Each cycle goes through the low stack a few times, then through the high one, which comes behind it in the file.
  void share_stacks() {
    const auto each = number("hrm.layers_per_stack", 0);
    const auto low = number("hrm.l_cycles", 0);
    if (each == 0 || low == 0) return;
    const auto own = layers_;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const bool is_high = i / each % (low + 1) == low;
      const auto weights = i % each + (is_high ? each : 0);
      if (weights >= own.size()) continue;
      layers_[i].dense = own[weights].dense;
      if (weights != i) layers_[i].weights_of = weights;
    }
  }

  void set_states() {
    const auto width = profile_.embedding_length.value_or(0);
    const auto kernel = number("ssm.conv_kernel", 0);
    const auto inner = number("ssm.inner_size", 0);
    const auto state = number("ssm.state_size", 0);
    const auto groups = number("ssm.group_count", 0);
    const auto before = kernel == 0 ? 0 : kernel - 1;
    const auto limited = [](double elements) {
      return elements < static_cast<double>(most_elements) ? static_cast<std::uint64_t>(elements) : most_elements;
    };
    const auto product = [&](auto... factors) { return limited((static_cast<double>(factors) * ... * 1.0)); };
    for (auto& layer : layers_) {
      if (!layer.recurrent) continue;
      const auto heads = layers_.front().heads;
      layer.convolution_state =
          product(before, limited(static_cast<double>(inner) + 2.0 * static_cast<double>(product(groups, state))));
      layer.recurrent_state = product(state, inner);
      if (const auto size = number("wkv.head_size", 0); size != 0) {
        layer.convolution_state = product(number("token_shift_count", rules_.token_shifts), width);
        layer.recurrent_state = product(width, size);
      } else if (const auto taps = number("shortconv.l_cache", 0); taps != 0) {
        layer.convolution_state = product(width, taps - 1);
      } else if (const auto head = number("kda.head_dim", 0); head != 0) {
        layer.convolution_state = product(3, kernel == 0 ? 3 : before, heads, head);
        layer.recurrent_state = product(head, head, heads);
      } else if (rules_.linear_attention) {
        layer.recurrent_state = product(layer.key_length, layer.key_length, heads);
      }
    }
  }

  ModelProfile& profile_;
  const LayerRules& rules_;
  std::vector<LayerProfile> layers_;
  std::size_t trunk_ = 0;
};

}  // namespace

std::optional<std::uint64_t> architecture_count(const ModelProfile& profile, std::string_view key) {
  const Value* value = find(profile, key);
  return value == nullptr ? std::nullopt : as_count(*value);
}

void set_layers(ModelProfile& profile) {
  profile.embedding_length = architecture_count(profile, "embedding_length");
  profile.experts = architecture_count(profile, "expert_count").value_or(0);
  profile.key_rank = architecture_count(profile, "attention.kv_lora_rank");
  profile.query_rank = architecture_count(profile, "attention.q_lora_rank");
  profile.layers.clear();
  const auto count = profile.block_count.value_or(0);
  const auto loops = times_through(profile);
  if (count <= most_layers && loops != 1) profile.block_count = count * loops;
  if (count == 0 || loops == 0 || count > most_layers / loops) return;
  profile.layers = Layers(profile, static_cast<std::size_t>(count)).read();
}

}  // namespace berth::model
