/// The architectures of Hugging Face that become GGUF here: what llama.cpp is told of them, and how their tensors change.
#pragma once

#include <string>
#include <string_view>

#include "berth/model.h"
#include "engine/encoder/config.h"
#include "engine/gguf/keys.h"

namespace berth::gguf {

/// One architecture that is known, by its `model_type`.
struct Architecture {
  std::string_view model_type;  ///< "mistral"
  std::string_view name;        ///< in GGUF: "llama"
  /// Rows of queries and keys stand in pairs, as rotations take them there (LLAMA_ROPE_TYPE_NORM).
  bool pairs_rows = false;
  bool tied = false;            ///< the output to the embeddings, where config.json does not say
  bool transposed = false;      ///< matrices of layers are stored as [in, out], as GPT-2's Conv1D does
  bool norms_less_one = false;  ///< the weights of norms are stored less 1
  /// Of a model that sees too: what its "text_config", the model that is written, leaves unsaid.
  Value (*text_defaults)() = nullptr;
  void (*set_keys)(const encoder::Config& config, const std::string& name, Keys& keys);
};

/// Throws FormatError where `config` names none that is known, with those that are.
const Architecture& architecture_of(const encoder::Config& config);

/// What `config` says of the model that generates: its "text_config" where it sees too.
encoder::Config text_part(const encoder::Config& config, const Architecture& architecture);

}  // namespace berth::gguf
