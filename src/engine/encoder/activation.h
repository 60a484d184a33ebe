/// The functions between the products of a layer, by the names that transformers has for them.
#pragma once

#include <ggml.h>

#include <string_view>

#include "engine/encoder/config.h"

namespace berth::encoder {

enum class Activation {
  gelu,
  gelu_clipped,  ///< to -10 and 10
  gelu_tanh,
  gelu_quick,
  relu,
  relu_squared,
  relu6,
  leaky_relu,
  silu,
  mish,
  tanh,
  sigmoid,
  linear
};

/// The entry `name` of a configuration. Throws FormatError for one that is not known.
Activation read_activation(const Config& config, std::string_view name, std::string_view otherwise);

ggml_tensor* activate(ggml_context* context, Activation activation, ggml_tensor* x);

}  // namespace berth::encoder
