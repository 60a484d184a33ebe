#include "engine/encoder/activation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "text/printable.h"

namespace berth::encoder {
namespace {

using Name = std::pair<std::string_view, Activation>;

/// transformers.activations.ACT2FN; torch.nn's classes stand in configurations of Dense.
constexpr std::array<Name, 17> activation_names = {{{"gelu", Activation::gelu},
                                                    {"gelu_python", Activation::gelu},
                                                    {"gelu_new", Activation::gelu_tanh},
                                                    {"gelu_fast", Activation::gelu_tanh},
                                                    {"gelu_pytorch_tanh", Activation::gelu_tanh},
                                                    {"gelu_accurate", Activation::gelu_tanh},
                                                    {"quick_gelu", Activation::gelu_quick},
                                                    {"relu", Activation::relu},
                                                    {"silu", Activation::silu},
                                                    {"swish", Activation::silu},
                                                    {"tanh", Activation::tanh},
                                                    {"sigmoid", Activation::sigmoid},
                                                    {"linear", Activation::linear},
                                                    {"torch.nn.modules.activation.Tanh", Activation::tanh},
                                                    {"torch.nn.modules.activation.ReLU", Activation::relu},
                                                    {"torch.nn.modules.activation.GELU", Activation::gelu},
                                                    {"torch.nn.modules.linear.Identity", Activation::linear}}};

constexpr float tanh_scale = 0.79788456080286535588F;  // sqrt(2 / pi)
constexpr float cube_scale = 0.044715F;
constexpr float quick_scale = 1.702F;

}  // namespace

Activation read_activation(const Config& config, std::string_view name, std::string_view otherwise) {
  const auto text = config.text(name, otherwise);
  for (const auto& [known, activation] : activation_names)
    if (text == known) return activation;
  std::vector<std::string_view> known;
  for (const auto& each : activation_names) known.push_back(each.first);
  config.fail(name, in_quotes(text), fmt::format("one of {}", fmt::join(known, ", ")));
}

ggml_tensor* activate(ggml_context* context, Activation activation, ggml_tensor* x) {
  switch (activation) {
    case Activation::gelu:
      return ggml_gelu_erf(context, x);
    case Activation::gelu_tanh: {
      // ggml's own looks the values up in a table of half precision. 0.5 (1 + tanh(u)) is sigmoid(2 u).
      auto* factor = ggml_scale_bias(context, ggml_sqr(context, x), 2 * tanh_scale * cube_scale, 2 * tanh_scale);
      return ggml_mul(context, ggml_sigmoid(context, ggml_mul(context, factor, x)), x);
    }
    case Activation::gelu_quick:
      return ggml_mul(context, ggml_sigmoid(context, ggml_scale(context, x, quick_scale)), x);
    case Activation::relu:
      return ggml_relu(context, x);
    case Activation::silu:
      return ggml_silu(context, x);
    case Activation::tanh:
      return ggml_tanh(context, x);
    case Activation::sigmoid:
      return ggml_sigmoid(context, x);
    case Activation::linear:
      break;
  }
  return x;
}

float activated(Activation activation, float x) {
  const auto sigmoid = [](float u) { return 1 / (1 + std::exp(-u)); };
  switch (activation) {
    case Activation::gelu:
      return 0.5F * x * (1 + std::erf(x / std::numbers::sqrt2_v<float>));
    case Activation::gelu_tanh:
      return x * sigmoid(2 * tanh_scale * (x + cube_scale * x * x * x));
    case Activation::gelu_quick:
      return x * sigmoid(quick_scale * x);
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::silu:
      return x * sigmoid(x);
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::linear:
      break;
  }
  return x;
}

}  // namespace berth::encoder
