/// Which models read with an encoder, and which of those write with a decoder.
#pragma once

#include <algorithm>

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

/// Whether each token sees those after it too, so that a sequence has to be computed at once: an encoder, which writes no
/// text.
inline bool sees_both_ways(const ModelProfile& profile) {
  const Value* causal = profile.metadata.find(profile.architecture + ".attention.causal");
  const bool both_ways = causal != nullptr && causal->is_bool() && !causal->as_bool();
  const bool keeps_nothing = !profile.layers.empty() && std::ranges::none_of(profile.layers, [](const auto& layer) {
    return layer.has_cache || layer.recurrent;
  });
  return both_ways || keeps_nothing || profile.architecture == "t5encoder";
}

}  // namespace berth::model
