#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "berth/plan_export.h"
#include "plan/export.h"
#include "text/printable.h"

namespace berth {
namespace {

/// What transformers calls the modules of a family of models. Those that a model does not have do no harm in a map.
struct HfModules {
  std::vector<std::string> input = {"model.embed_tokens"};
  std::string layers = "model.layers";
  std::vector<std::string> behind = {"model.norm", "model.rotary_emb"};
  std::string output = "lm_head";
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

/// From the classes of transformers 4.5x, by the architecture's name in GGUF.
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

bool has_own_output(const ModelProfile& profile) {
  return std::ranges::any_of(profile.tensors, [](const auto& tensor) { return tensor.name == "output.weight"; });
}

}  // namespace

DeviceMap to_hf_device_map(const Plan& plan, const ModelProfile& profile) {
  plan::need_fitting(plan, "transformers");
  const auto modules = hf_modules(profile.architecture);
  if (!modules)
    throw std::invalid_argument(
        fmt::format("What transformers calls the modules of {} is not known here", in_quotes(profile.architecture)));
  const auto& placement = plan.placement;
  if (!placement.tensors.empty())
    throw std::invalid_argument(
        fmt::format("A device map has modules, but the plan has single tensors apart from their "
                    "layers, such as {}",
                    in_quotes(placement.tensors.begin()->first)));
  DeviceMap map;
  const auto input = has_own_output(profile) ? placement.input : placement.output;
  for (const auto& name : modules->input) map.set(name, input);
  for (const auto& run : placement.layers)
    for (int i = run.first; i < run.first + run.count; ++i)
      map.set(fmt::format("{}.{}", modules->layers, i), run.device);
  for (const auto& name : modules->behind) map.set(name, placement.output);
  map.set(modules->output, placement.output);
  return map;
}

}  // namespace berth
