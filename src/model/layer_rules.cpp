#include "model/layer_rules.h"

#include <algorithm>
#include <array>

namespace berth::model {
namespace {

using enum Recurrent;

constexpr LayerRules encoder(std::string_view name) { return {.architecture = name, .caches = false}; }

constexpr LayerRules windowed_encoder(std::string_view name, std::uint64_t period, bool dense_first = false) {
  return {.architecture = name,
          .caches = false,
          .window = Windowed::where_given,
          .window_period = period,
          .dense_first = dense_first};
}

constexpr LayerRules windowed(std::string_view name, std::uint64_t period, bool dense_first = false,
                              std::uint64_t default_window = 0) {
  return {.architecture = name,
          .window = Windowed::where_given,
          .window_period = period,
          .dense_first = dense_first,
          .default_window = default_window};
}

constexpr LayerRules recurring(std::string_view name, Recurrent recurrent) {
  return {.architecture = name, .recurrent = recurrent};
}

constexpr std::array rules{
    encoder("bert"),
    windowed_encoder("modern-bert", 3, true),
    encoder("nomic-bert"),
    encoder("nomic-bert-moe"),
    encoder("neo-bert"),
    encoder("jina-bert-v2"),
    encoder("jina-bert-v3"),
    encoder("eurobert"),
    windowed_encoder("gemma-embedding", 6),
    encoder("dream"),
    encoder("llada"),
    encoder("llada-moe"),
    encoder("rnd1"),
    encoder("wavtokenizer-dec"),
    windowed("afmoe", 4),
    LayerRules{.architecture = "deepseek4", .keys_only = true, .window = Windowed::all_attention},
    windowed("cohere2", 4),
    windowed("cohere2moe", 4, true),
    LayerRules{.architecture = "exaone4",
               .window = Windowed::where_given,
               .window_period = 4,
               .default_window = 4096,
               .layers_for_window = 64},
    windowed("dots3note", 0),
    windowed("exaone-moe", 4, false, 128),
    windowed("gemma2", 2, false, 4096),
    windowed("gemma3", 6),
    LayerRules{.architecture = "gemma3n", .window = Windowed::where_given, .window_period = 5, .own_caches = 20},
    LayerRules{.architecture = "gemma4", .window = Windowed::where_given, .shares_last = true},
    windowed("gpt-oss", 2),
    windowed("granite_swa", 0),
    windowed("laguna", 4, true),
    LayerRules{.architecture = "llama4",
               .window = Windowed::unless_zero,
               .window_period = 4,
               .default_window = 8192,
               .fixed_window = 8192},
    windowed("maple", 0),
    windowed("mellum", 4),
    windowed("mimo2", 0),
    windowed("muse-glimmer", 4),
    LayerRules{.architecture = "nanbeige", .weights = Weights::in_loops},
    LayerRules{.architecture = "hrm_text", .weights = Weights::in_stacks},
    windowed("olmo2", 4),
    windowed("plamo3", 8),
    LayerRules{.architecture = "smallthinker",
               .window = Windowed::where_given,
               .window_period = 4,
               .dense_first = true,
               .fixed_window = 4096},
    windowed("spark2_5", 0),
    windowed("step35", 0),
    recurring("mamba", always),
    recurring("mamba2", always),
    recurring("rwkv6", always),
    LayerRules{.architecture = "rwkv6qwen2", .recurrent = always, .token_shifts = 1},
    recurring("rwkv7", always),
    LayerRules{.architecture = "arwkv7", .recurrent = always, .token_shifts = 1},
    recurring("falcon-h1", beside_attention),
    recurring("jamba", without_kv_heads),
    recurring("granitehybrid", without_kv_heads),
    LayerRules{.architecture = "plamo2", .recurrent = without_kv_heads, .sizes_without_heads = true},
    LayerRules{.architecture = "lfm2", .window = Windowed::all_attention, .recurrent = without_kv_heads},
    recurring("lfm2moe", without_kv_heads),
    LayerRules{.architecture = "glm5-next", .pools_index = true, .recurrent = without_kv_heads},
    recurring("kimi-linear", without_kv_heads),
    recurring("kimi-k3", without_kv_heads),
    recurring("bailingmoe3", without_kv_heads),
    recurring("nemotron_h", without_kv_heads_and_feed_forward),
    recurring("nemotron_h_moe", without_kv_heads_and_feed_forward),
    recurring("qwen3next", by_interval),
    recurring("qwen35", by_interval),
    recurring("qwen35moe", by_interval),
    recurring("qwen4exp", by_interval),
    LayerRules{
        .architecture = "minimax-01", .recurrent = by_interval, .attention_interval = 8, .linear_attention = true},
};

}  // namespace

const LayerRules& layer_rules(std::string_view architecture) {
  static constexpr LayerRules plain{};
  const auto found = std::ranges::find(rules, architecture, &LayerRules::architecture);
  return found == rules.end() ? plain : *found;
}

}  // namespace berth::model
