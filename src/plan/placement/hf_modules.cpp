#include "plan/placement/hf_modules.h"

#include <algorithm>
#include <initializer_list>

namespace berth::plan {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::optional<HfModules> hf_modules(std::string_view architecture) {
  if (is_one_of(architecture,
                {"llama",     "qwen2",    "qwen2moe",   "qwen3",      "qwen3moe",  "gemma",    "gemma2",   "gemma3",
                 "phi3",      "stablelm", "minicpm",    "starcoder2", "command-r", "cohere2",  "olmo",     "olmo2",
                 "olmoe",     "granite",  "granitemoe", "nemotron",   "exaone4",   "smollm3",  "mistral3", "deepseek",
                 "deepseek2", "glm4",     "glm4moe",    "gpt-oss",    "ernie4_5",  "seed_oss", "arcee",    "dots1"}))
    return HfModules{};
  if (architecture == "phi2") return HfModules{.behind = {"model.final_layernorm", "model.rotary_emb"}};
  if (is_one_of(architecture, {"gpt2", "starcoder"}))
    return HfModules{{"transformer.wte", "transformer.wpe"}, "transformer.h", {"transformer.ln_f"}, "lm_head"};
  if (architecture == "falcon")
    return HfModules{
        {"transformer.word_embeddings"}, "transformer.h", {"transformer.ln_f", "transformer.rotary_emb"}, "lm_head"};
  if (architecture == "bloom")
    return HfModules{{"transformer.word_embeddings", "transformer.word_embeddings_layernorm"},
                     "transformer.h",
                     {"transformer.ln_f"},
                     "lm_head"};
  if (architecture == "mpt")
    return HfModules{{"transformer.wte"}, "transformer.blocks", {"transformer.norm_f"}, "lm_head"};
  if (architecture == "gptneox")
    return HfModules{
        {"gpt_neox.embed_in"}, "gpt_neox.layers", {"gpt_neox.final_layer_norm", "gpt_neox.rotary_emb"}, "embed_out"};
  if (is_one_of(architecture, {"mamba", "mamba2"}))
    return HfModules{{"backbone.embeddings"}, "backbone.layers", {"backbone.norm_f"}, "lm_head"};
  return std::nullopt;
}

}  // namespace berth::plan
