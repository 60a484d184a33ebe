#include "engine/gguf/pre_tokenizer.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace berth::gguf {
namespace {

struct KnownPattern {
  std::string_view pattern;  // of a Split before ByteLevel
  std::string_view name;     // src/llama-vocab.cpp of llama.cpp
};

/// From the tokenizer.json of Llama 3, Qwen 2, Qwen 3.5, Mistral Nemo and GPT-4o.
constexpr std::array<KnownPattern, 5> known_patterns = {{
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "llama-bpe"},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "qwen2"},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "qwen35"},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "tekken"},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "gpt-4o"},
}};

std::string_view text_of(const Value& value, std::string_view name) {
  const auto* found = value.is_object() ? value.find(name) : nullptr;
  return found != nullptr && found->is_string() ? std::string_view(found->as_string()) : std::string_view();
}

bool flag_of(const Value& value, std::string_view name, bool otherwise) {
  const auto* found = value.find(name);
  return found != nullptr && found->is_bool() ? found->as_bool() : otherwise;
}

std::vector<Value> steps_of(const Value& pre_tokenizer) {
  if (text_of(pre_tokenizer, "type") != "Sequence") return {pre_tokenizer};
  const auto* list = pre_tokenizer.find("pretokenizers");
  return list != nullptr && list->is_array() ? list->as_array() : std::vector<Value>();
}

/// `ignores_merges`: a word that is a token as a whole is taken so, as Llama 3 does.
std::string name_of_pattern(std::string_view pattern, bool ignores_merges) {
  const auto found = std::ranges::find(known_patterns, pattern, &KnownPattern::pattern);
  if (found == known_patterns.end()) return {};
  if (found->name == "llama-bpe" && !ignores_merges) return "smaug-bpe";
  const bool ignores = found->name == "llama-bpe" || found->name == "tekken";
  return ignores == ignores_merges ? std::string(found->name) : std::string();
}

}  // namespace

std::string pre_tokenizer_name(const Value& tokenizer) {
  const auto* pre_tokenizer = tokenizer.find("pre_tokenizer");
  const auto* normalizer = tokenizer.find("normalizer");
  if (pre_tokenizer == nullptr || !pre_tokenizer->is_object()) return {};
  const bool normalizes = normalizer != nullptr && !normalizer->is_null();
  const auto* model = tokenizer.find("model");
  const bool ignores_merges = model != nullptr && flag_of(*model, "ignore_merges", false);
  const auto steps = steps_of(*pre_tokenizer);
  if (steps.empty() || text_of(steps.back(), "type") != "ByteLevel" || flag_of(steps.back(), "add_prefix_space", true))
    return {};
  const bool cuts = flag_of(steps.back(), "use_regex", true);
  if (steps.size() == 1) return cuts && !normalizes && !ignores_merges ? "gpt-2" : "";
  if (steps.size() != 2) return {};
  const auto kind = text_of(steps.front(), "type");
  if (kind == "Digits" && flag_of(steps.front(), "individual_digits", false) && cuts && !normalizes && !ignores_merges)
    return "smollm";
  const auto* pattern = steps.front().find("pattern");
  if (kind != "Split" || cuts || pattern == nullptr || text_of(steps.front(), "behavior") != "Isolated") return {};
  const auto name = name_of_pattern(text_of(*pattern, "Regex"), ignores_merges);
  // Qwen composes characters first, which most texts are already; llama.cpp does not.
  return normalizes && name != "qwen2" && name != "qwen35" ? std::string() : name;
}

}  // namespace berth::gguf
