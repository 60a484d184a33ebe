#include "engine/llama/context_params.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "plan/context_limits.h"
#include "plan/memory/cache_types.h"
#include "text/lower_case.h"
#include "text/printable.h"

namespace berth::llama {
namespace {

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
  plan::check_sizes(spec);
  plan::check_cache_type_names(spec);
  auto params = llama_context_default_params();
  params.type_k = type_named(spec.type_k);
  params.type_v = type_named(spec.type_v);
  params.n_batch = static_cast<std::uint32_t>(spec.n_batch);
  params.n_ubatch = static_cast<std::uint32_t>(spec.n_ubatch);
  params.flash_attn_type = flash_attention(spec.flash_attention);
  params.kv_unified = spec.unified;
  params.offload_kqv = spec.offload_cache;
  params.no_perf = true;
  return params;
}

ggml_type type_named(std::string_view name) {
  for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
    const auto type = static_cast<ggml_type>(i);
    if (const char* known = ggml_type_name(type); known != nullptr && lower_case(known) == lower_case(name))
      return type;
  }
  throw std::invalid_argument(fmt::format("llama.cpp has no type {}", in_quotes(name)));
}

}  // namespace berth::llama
