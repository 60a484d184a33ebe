#include "engine/gguf/architecture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "engine/encoder/backbone.h"
#include "engine/gguf/architecture_keys.h"
#include "text/printable.h"

namespace berth::gguf {
namespace {

using encoder::Config;

constexpr std::array architectures = std::to_array<Architecture>({
    {.model_type = "llama", .name = "llama", .pairs_rows = true, .set_keys = set_llama},
    {.model_type = "mistral", .name = "llama", .pairs_rows = true, .set_keys = set_llama},
    {.model_type = "qwen2", .name = "qwen2", .set_keys = set_llama},
    {.model_type = "qwen3", .name = "qwen3", .set_keys = set_llama},
    {.model_type = "phi3", .name = "phi3", .set_keys = set_phi3},
    {.model_type = "smollm3", .name = "smollm3", .pairs_rows = true, .tied = true, .set_keys = set_smollm3},
    {.model_type = "granite", .name = "granite", .pairs_rows = true, .set_keys = set_granite},
    {.model_type = "olmo2", .name = "olmo2", .set_keys = set_olmo2},
    {.model_type = "mixtral", .name = "llama", .pairs_rows = true, .set_keys = set_mixtral},
    {.model_type = "qwen2_moe", .name = "qwen2moe", .set_keys = set_qwen2_moe},
    {.model_type = "qwen3_moe", .name = "qwen3moe", .set_keys = set_qwen3_moe},
    {.model_type = "gemma", .name = "gemma", .tied = true, .norms_less_one = true, .set_keys = set_gemma},
    {.model_type = "gemma2", .name = "gemma2", .tied = true, .norms_less_one = true, .set_keys = set_gemma2},
    {.model_type = "gemma3_text", .name = "gemma3", .tied = true, .norms_less_one = true, .set_keys = set_gemma3},
    {.model_type = "gemma3",
     .name = "gemma3",
     .tied = true,
     .norms_less_one = true,
     .text_defaults = gemma3_text,
     .set_keys = set_gemma3},
    {.model_type = "gpt2", .name = "gpt2", .tied = true, .transposed = true, .set_keys = set_gpt2},
    {.model_type = "t5", .name = "t5", .tied = true, .set_keys = set_t5},
});

}  // namespace

void need(const Config& config, std::string_view name, const Value& expected) {
  if (const auto* value = config.find(name); value != nullptr && !(*value == expected))
    config.fail(name, printable(value->to_json()), expected.to_json() + ", the only one that llama.cpp computes here");
}

const Architecture& architecture_of(const Config& config) {
  const auto type = config.text("model_type", "");
  const auto found = std::ranges::find(architectures, type, &Architecture::model_type);
  if (found != architectures.end()) return *found;
  if (encoder::is_known(type))
    config.fail("model_type", in_quotes(type) + ", an encoder, which reads a text and writes none",
                "a model that writes text. Encoders are for 'berth embed' and 'berth rank', embedders and rankers");
  std::vector<std::string_view> known;
  known.reserve(architectures.size());
  for (const auto& each : architectures) known.push_back(each.model_type);
  config.fail("model_type", in_quotes(type),
              fmt::format("one of {}. Convert others with llama.cpp: python3 convert_hf_to_gguf.py {}",
                          fmt::join(known, ", "), in_quotes(config.file().parent_path().string())));
}

Config text_part(const Config& config, const Architecture& architecture) {
  if (architecture.text_defaults == nullptr) return config;
  const auto* part = config.find("text_config");
  if (part == nullptr || !part->is_object()) config.fail("text_config", "nothing", "an object");
  return {config.file(), architecture.text_defaults(), part->as_object()};
}

}  // namespace berth::gguf
