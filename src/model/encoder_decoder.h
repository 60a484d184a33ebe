/// Which models read with an encoder and write with a decoder.
#pragma once

#include "berth/model.h"

namespace berth::model {

/// Whether `profile` is of such a model, as T5 is: GGUF tells by the architecture, Hugging Face by `is_encoder_decoder`
/// in config.json. The task of such models is "text2text-generation".
inline bool is_encoder_decoder(const ModelProfile& profile) {
  if (profile.format == "gguf") return profile.architecture == "t5";
  const Value* config = profile.metadata.find("config");
  const Value* flag = config == nullptr || !config->is_object() ? nullptr : config->find("is_encoder_decoder");
  return flag != nullptr && *flag == Value(true);
}

}  // namespace berth::model
