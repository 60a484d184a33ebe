/// From a ContextSpec to llama.cpp's parameters.
#pragma once

#include <llama.h>

#include <string_view>

#include "berth/context_spec.h"

namespace berth::llama {

/// All but n_ctx and n_seq_max, which a session chooses as it grows. Throws std::invalid_argument naming what cannot be.
llama_context_params context_params(const ContextSpec& spec);

/// ggml's type of that name, in small or capital letters. Throws std::invalid_argument.
ggml_type type_named(std::string_view name);

}  // namespace berth::llama
