/// Which types llama.cpp takes for the cache of a model. Another one ends the process, or is refused with the context.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "berth/context_spec.h"
#include "berth/model.h"

namespace berth::plan {

/// Those that its kernels know, as ggml names them.
inline constexpr std::array<std::string_view, 9> cache_types = {"F32",  "F16",  "BF16", "Q8_0",  "Q5_1",
                                                                "Q5_0", "Q4_1", "Q4_0", "IQ4_NL"};

/// The one of these that `name` means, whose letters may be small or capital; `name` itself where it is none of them.
std::string cache_type_named(std::string_view name);

/// Throws std::invalid_argument for types that are none of these. Letters may be small or capital.
void check_cache_type_names(const ContextSpec& context);

/// Why the types of `context` cannot be those of the cache of this model, and what to do; empty where they can.
/// Source of the rules: llama_init_from_model.
std::string cache_type_problem(const ModelProfile& profile, const ContextSpec& context);

/// Throws std::invalid_argument where there is a problem.
void check_cache_types(const ModelProfile& profile, const ContextSpec& context);

}  // namespace berth::plan
