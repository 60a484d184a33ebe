#include "model/hf_layers.h"

#include <algorithm>
#include <array>

#include "model/layers.h"

namespace berth::model {
namespace {

constexpr std::uint64_t most_hf_count = 1ULL << 24;  // of one size, so that products of two of them stay numbers

std::optional<std::uint64_t> small_count(const Value& value) {
  if (!value.is_int() || value.as_int() < 0 || static_cast<std::uint64_t>(value.as_int()) > most_hf_count)
    return std::nullopt;
  return static_cast<std::uint64_t>(value.as_int());
}

/// Models that keep nothing of the tokens before, by the start of their model_type.
constexpr std::array encoder_types = {"bert",   "roberta", "xlm-roberta", "distilbert", "mpnet",      "electra",
                                      "albert", "deberta", "camembert",   "nomic_bert", "modernbert", "vit",
                                      "clip",   "siglip",  "dinov2",      "wav2vec2",   "hubert",     "longformer",
                                      "esm",    "funnel",  "squeezebert", "new",        "gte"};
constexpr std::array recurrent_types = {"mamba", "falcon_mamba", "rwkv", "xlstm"};

template <std::size_t N>
bool begins_with_one_of(std::string_view text, const std::array<const char*, N>& starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return text.starts_with(start); });
}

bool contains_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != text.npos; });
}

class HfLayers {
 public:
  HfLayers(ModelProfile& profile, const HfConfig& config, std::size_t count, std::size_t trunk)
      : profile_(profile), config_(config), type_(config.architecture()), layers_(count), trunk_(trunk) {}

  std::vector<LayerProfile> read() {
    kinds_ = kinds();
    set_heads();
    set_feed_forward();
    set_kinds();
    set_windows();
    share_caches();
    set_states();
    return std::move(layers_);
  }

 private:
  /// One number for each layer, from one for all or a list.
  std::vector<std::uint64_t> per_layer(std::initializer_list<std::string_view> names, std::uint64_t fallback) const {
    std::vector<std::uint64_t> numbers(layers_.size(), config_.count(names).value_or(fallback));
    const Value* value = config_.find(names);
    if (value == nullptr || !value->is_array() || value->as_array().empty()) return numbers;
    const auto& list = value->as_array();
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = small_count(list[std::min(i, list.size() - 1)]).value_or(fallback);
    return numbers;
  }

  /// What config.json calls each layer; empty texts where it says nothing.
  std::vector<std::string> kinds() const {
    std::vector<std::string> kinds(layers_.size());
    const Value* list = config_.find({"layer_types", "layers_block_type", "block_types", "attention_layers"});
    if (list != nullptr && list->is_array() && !list->as_array().empty()) {
      const auto& names = list->as_array();
      for (std::size_t i = 0; i < kinds.size(); ++i)
        if (const auto& name = names[i % names.size()]; name.is_string()) kinds[i] = name.as_string();
    } else if (const auto pattern = config_.text("hybrid_override_pattern"); pattern.size() >= kinds.size()) {
      for (std::size_t i = 0; i < kinds.size(); ++i)
        kinds[i] = pattern[i] == 'M' ? "mamba" : pattern[i] == '*' ? "attention" : "mlp";
    } else if (const auto period = config_.count({"attn_layer_period"}).value_or(0); period != 0) {
      const auto offset = config_.count({"attn_layer_offset"}).value_or(0);
      for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = i % period == offset ? "attention" : "mamba";
    } else if (const auto interval = config_.count({"full_attention_interval"}).value_or(0); interval != 0) {
      for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = (i + 1) % interval == 0 ? "attention" : "linear";
    }
    return kinds;
  }

  void set_heads() {
    const auto heads = per_layer(
        {"num_attention_heads", "n_head", "num_heads", "n_heads", "decoder_attention_heads", "num_query_heads"}, 0);
    const bool single =
        config_.flag("multi_query").value_or(false) && !config_.flag("new_decoder_architecture").value_or(false);
    const auto kv_heads = per_layer({"num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num"}, 0);
    const auto width = profile_.embedding_length.value_or(0);
    const auto rank = profile_.key_rank.value_or(0);
    const auto rotated = config_.count({"qk_rope_head_dim"}).value_or(0);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      auto& layer = layers_[i];
      layer.heads = heads[i];
      layer.kv_heads = single ? 1 : kv_heads[i] != 0 ? kv_heads[i] : heads[i];
      const auto each = config_.count({"head_dim", "d_kv", "kv_channels", "attention_head_dim"})
                            .value_or(heads[i] == 0 ? 0 : width / heads[i]);
      layer.key_length = each;
      layer.value_length = each;
      if (rank != 0 && rotated != 0) {  // one compressed head, as engines cache it
        layer.keys_only = true;
        layer.kv_heads = 1;
        layer.key_length = rank + rotated;
        layer.value_length = rank;
      }
    }
    if (begins_with_one_of(type_, recurrent_types)) return;
    if (heads.front() == 0) {
      profile_.notes.push_back("config.json does not tell the number of heads, so the size of the cache is not known");
    } else if (config_.find({"hidden_size", "n_embd", "d_model", "dim"}) == nullptr) {
      profile_.notes.push_back(
          "config.json does not tell the width of the model, so the size of the cache is not known");
    }
  }

  void set_feed_forward() {
    const auto lengths = per_layer({"intermediate_size", "n_inner", "ffn_dim", "d_ff", "hidden_dim", "ffn_hidden_size",
                                    "decoder_ffn_dim", "d_inner"},
                                   0);
    const auto used = config_.count({"num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_top_k", "moe_k"});
    const auto width = profile_.embedding_length.value_or(0);
    for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i].feed_forward_length = lengths[i];
    for (const auto& tensor : profile_.tensors) {
      if (!tensor.layer || *tensor.layer >= layers_.size()) continue;
      auto& layer = layers_[static_cast<std::size_t>(*tensor.layer)];
      if (tensor.role == "ffn_down_exps" || tensor.role.starts_with("ffn_down.")) layer.experts = true;
      if (tensor.role != "ffn_down" && tensor.role != "dec.ffn_down") continue;
      layer.dense = true;
      // Where config.json leaves the inner size to the class, as GPT-2 does, the matrix has it.
      if (layer.feed_forward_length == 0 && tensor.shape.size() == 2 && width != 0)
        layer.feed_forward_length = tensor.shape[tensor.shape[0] == width ? 1 : 0];
    }
    for (auto& layer : layers_)
      if (layer.experts) layer.experts_used = used.value_or(0);
  }

  void set_kinds() {
    const bool encodes = begins_with_one_of(type_, encoder_types) && !config_.flag("is_decoder").value_or(false);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      auto& layer = layers_[i];
      layer.recurrent = begins_with_one_of(type_, recurrent_types) ||
                        contains_one_of(kinds_[i], {"mamba", "linear", "recurrent", "conv", "rwkv", "ssm", "hybrid"});
      layer.attention = (!layer.recurrent || kinds_[i].find("hybrid") != std::string::npos) && kinds_[i] != "mlp";
      if (type_ == "falcon_h1") layer.attention = layer.recurrent = true;
      layer.loaded = i < trunk_;
      layer.has_cache = layer.attention && !encodes && layer.loaded;
      if (!layer.attention) layer.keys_only = false;
    }
  }

  /// Whether a layer attends to a window, where config.json has no word for each layer.
  bool is_windowed(std::size_t i) const {
    const auto period = [&](std::uint64_t usual) {
      return config_.count({"sliding_window_pattern", "_sliding_window_pattern"}).value_or(usual);
    };
    if (const auto each = config_.count({"global_attn_every_n_layers"}); each && *each != 0) return i % *each != 0;
    if (type_.starts_with("qwen2") || type_.starts_with("qwen3"))
      return i >= config_.count({"max_window_layers"}).value_or(0);
    const std::uint64_t usual = type_.starts_with("gemma3")                         ? 6
                                : type_ == "cohere2" || type_.starts_with("llama4") ? 4
                                                                                    : 0;
    if (type_ == "gemma2" || type_ == "gpt_oss") return i % 2 == 0;
    const auto every = period(usual);
    return every == 0 || (i + 1) % every != 0;
  }

  void set_windows() {
    const auto sliding = config_.count({"sliding_window", "window_size", "attention_window_size", "local_attention"});
    const auto chunk = config_.count({"attention_chunk_size"});
    const bool listed = std::ranges::any_of(kinds_, [](const auto& kind) { return !kind.empty(); });
    const bool off = !config_.flag("use_sliding_window").value_or(!type_.starts_with("qwen"));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      auto& layer = layers_[i];
      if (!layer.attention) continue;
      if (kinds_[i].find("chunked") != std::string::npos) {
        layer.window = chunk.value_or(0);
      } else if (listed) {
        if (contains_one_of(kinds_[i], {"sliding", "local"})) layer.window = sliding.value_or(0);
        if (type_ == "recurrent_gemma") layer.window = sliding.value_or(0);
      } else if (!off && is_windowed(i)) {
        layer.window = sliding ? *sliding : chunk.value_or(0);
      }
    }
  }

  void share_caches() {
    const auto shared = config_.count({"num_kv_shared_layers"}).value_or(0);
    if (shared == 0 || shared + 2 > layers_.size()) return;
    const auto own = layers_.size() - static_cast<std::size_t>(shared);
    for (auto i = own; i < layers_.size(); ++i) {
      layers_[i].has_cache = false;
      // Of the last layer of the same kind that has a cache of its own.
      for (auto j = own; j-- > 0 && !layers_[i].cache_of;)
        if ((layers_[j].window == 0) == (layers_[i].window == 0)) layers_[i].cache_of = j;
    }
  }

  void set_states() {
    if (std::ranges::none_of(layers_, &LayerProfile::recurrent)) return;
    const auto width = profile_.embedding_length.value_or(0);
    const auto kernel = config_.count({"conv_kernel", "mamba_d_conv", "d_conv"}).value_or(0);
    const auto state = config_.count({"state_size", "mamba_d_state", "ssm_state_size", "d_state"}).value_or(0);
    const auto expand = config_.count({"expand", "mamba_expand"}).value_or(0);
    const auto groups = config_.count({"n_groups", "mamba_n_groups"}).value_or(0);
    if (kernel == 0 || state == 0 || expand == 0 || expand > 64 || kernel > 64) {
      profile_.notes.push_back("the size of the state of recurrent layers is not known");
      return;
    }
    for (auto& layer : layers_) {
      if (!layer.recurrent) continue;
      const auto inner = expand * width;
      layer.convolution_state = (kernel - 1) * std::min(inner + 2 * groups * state, most_hf_count * 1024);
      layer.recurrent_state = inner * state;
    }
  }

  ModelProfile& profile_;
  const HfConfig& config_;
  std::string type_;
  std::vector<LayerProfile> layers_;
  std::size_t trunk_;
  std::vector<std::string> kinds_;
};

}  // namespace

HfConfig::HfConfig(const Value& config) : whole_(&config), part_(&config) {
  for (const auto* name : {"text_config", "llm_config", "language_config", "decoder"}) {
    const Value* part = config.is_object() ? config.find(name) : nullptr;
    if (part != nullptr && part->is_object()) {
      part_ = part;
      break;
    }
  }
}

const Value* HfConfig::find(std::initializer_list<std::string_view> names) const {
  for (const auto* object : {part_, whole_}) {
    if (!object->is_object()) continue;
    for (const auto name : names)
      if (const Value* value = object->find(name); value != nullptr && !value->is_null()) return value;
  }
  return nullptr;
}

std::optional<std::uint64_t> HfConfig::count(std::initializer_list<std::string_view> names) const {
  const Value* value = find(names);
  return value == nullptr ? std::nullopt : small_count(*value);
}

std::optional<bool> HfConfig::flag(std::string_view name) const {
  const Value* value = find({name});
  return value == nullptr || !value->is_bool() ? std::nullopt : std::optional(value->as_bool());
}

std::string HfConfig::text(std::string_view name) const {
  const Value* value = find({name});
  return value == nullptr || !value->is_string() ? std::string() : value->as_string();
}

void set_hf_layers(ModelProfile& profile, const HfConfig& config) {
  auto count =
      config.count({"num_hidden_layers", "n_layer", "num_layers", "n_layers", "decoder_layers", "num_decoder_layers"});
  if (count && *count > most_layers) count.reset();
  std::uint64_t last = 0;
  for (const auto& tensor : profile.tensors)
    if (tensor.layer) last = std::max(last, *tensor.layer + 1);
  profile.block_count = count;
  if (!count) {
    if (last == 0) return;
    profile.block_count = last;
    profile.notes.push_back("config.json does not tell the number of layers: they were counted by their tensors");
  }
  const auto trunk = *profile.block_count;
  // Layers that only guess tokens ahead follow the others.
  const auto extra = config.count({"num_nextn_predict_layers", "mtp_num_hidden_layers"}).value_or(0);
  if (extra > 0 && extra < 64 && last == trunk + extra) profile.block_count = last;
  if (trunk == 0 || trunk > most_layers) return;
  profile.layers =
      HfLayers(profile, config, static_cast<std::size_t>(*profile.block_count), static_cast<std::size_t>(trunk)).read();
}

}  // namespace berth::model
