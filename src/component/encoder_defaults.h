/// What the components around encoders make of their parameters when they are made.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "berth/hf_kwargs.h"
#include "berth/local_encoder.h"

namespace berth {

/// `parameters` as they are serialized: with the device that is found where none is given, names of dtypes in their
/// canonical form, and no null for the fields of `meta`.
template <class P>
P with_encoder_defaults(P parameters) {
  if (!parameters.device) parameters.device = default_encoder_device();
  if (parameters.model_kwargs) deserialize_hf_model_kwargs(*parameters.model_kwargs);
  if constexpr (requires { parameters.meta_fields_to_embed; })
    if (!parameters.meta_fields_to_embed) parameters.meta_fields_to_embed.emplace();
  return parameters;
}

}  // namespace berth
