#include "engine/llama/context_params.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>

#include "text/printable.h"

namespace berth::llama {
namespace {

constexpr int most_batch_tokens = 1 << 20;

// Those that llama.cpp has kernels for in a cache; with another one ggml ends the process.
constexpr std::array cache_types = {GGML_TYPE_F32,  GGML_TYPE_F16,    GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0,
                                    GGML_TYPE_Q4_1, GGML_TYPE_IQ4_NL, GGML_TYPE_Q5_0, GGML_TYPE_Q5_1};

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

ggml_type cache_type(const char* field, const std::string& name) {
  std::string names;
  for (const auto type : cache_types) {
    const auto known = upper(ggml_type_name(type));
    if (known == upper(name)) return type;
    names += (names.empty() ? "" : ", ") + known;
  }
  throw std::invalid_argument(
      fmt::format("The context's {} is {}; the types of a cache are {}", field, in_quotes(name), names));
}

void check(const char* field, int value, int least, std::size_t most) {
  if (value < least || static_cast<std::size_t>(value) > most)
    throw std::invalid_argument(
        fmt::format("The context's {} must be from {} to {}, got {}", field, least, most, value));
}

llama_flash_attn_type flash_attention(FlashAttention wanted) {
  switch (wanted) {
    case FlashAttention::automatic:
      break;
    case FlashAttention::on:
      return LLAMA_FLASH_ATTN_TYPE_ENABLED;
    case FlashAttention::off:
      return LLAMA_FLASH_ATTN_TYPE_DISABLED;
  }
  return LLAMA_FLASH_ATTN_TYPE_AUTO;
}

}  // namespace

llama_context_params context_params(const ContextSpec& spec) {
  check("n_ctx", spec.n_ctx, 0, INT32_MAX);
  check("n_seq", spec.n_seq, 1, llama_max_parallel_sequences());
  check("n_batch", spec.n_batch, 1, most_batch_tokens);
  check("n_ubatch", spec.n_ubatch, 1, most_batch_tokens);
  auto params = llama_context_default_params();
  params.type_k = cache_type("type_k", spec.type_k);
  params.type_v = cache_type("type_v", spec.type_v);
  params.n_batch = static_cast<std::uint32_t>(spec.n_batch);
  params.n_ubatch = static_cast<std::uint32_t>(spec.n_ubatch);
  params.flash_attn_type = flash_attention(spec.flash_attention);
  params.kv_unified = spec.unified;
  params.offload_kqv = spec.offload_cache;
  params.no_perf = true;
  return params;
}

}  // namespace berth::llama
