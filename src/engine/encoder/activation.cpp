#include "engine/encoder/activation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "text/printable.h"

namespace berth::encoder {
namespace {

using Name = std::pair<std::string_view, Activation>;

/// transformers.activations.ACT2FN without those that have weights; torch.nn's classes stand in configurations of Dense.
constexpr auto activation_names = std::to_array<Name>({
    {"gelu", Activation::gelu},
    {"gelu_python", Activation::gelu},
    {"gelu_10", Activation::gelu_clipped},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_fast", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu_python_tanh", Activation::gelu_tanh},
    {"gelu_accurate", Activation::gelu_tanh},
    {"quick_gelu", Activation::gelu_quick},
    {"relu", Activation::relu},
    {"relu2", Activation::relu_squared},
    {"relu6", Activation::relu6},
    {"leaky_relu", Activation::leaky_relu},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"mish", Activation::mish},
    {"tanh", Activation::tanh},
    {"sigmoid", Activation::sigmoid},
    {"linear", Activation::linear},
    {"torch.nn.modules.activation.Tanh", Activation::tanh},
    {"torch.nn.modules.activation.ReLU", Activation::relu},
    {"torch.nn.modules.activation.ReLU6", Activation::relu6},
    {"torch.nn.modules.activation.LeakyReLU", Activation::leaky_relu},
    {"torch.nn.modules.activation.ELU", Activation::elu},
    {"torch.nn.modules.activation.GELU", Activation::gelu},
    {"torch.nn.modules.activation.SiLU", Activation::silu},
    {"torch.nn.modules.activation.Mish", Activation::mish},
    {"torch.nn.modules.activation.Softplus", Activation::softplus},
    {"torch.nn.modules.activation.Softsign", Activation::softsign},
    {"torch.nn.modules.activation.Sigmoid", Activation::sigmoid},
    {"torch.nn.modules.activation.Hardtanh", Activation::hard_tanh},
    {"torch.nn.modules.activation.Hardsigmoid", Activation::hard_sigmoid},
    {"torch.nn.modules.activation.Hardswish", Activation::hard_silu},
    {"torch.nn.modules.linear.Identity", Activation::linear},
});

constexpr float tanh_scale = 0.79788456080286535588F;  // sqrt(2 / pi)
constexpr float cube_scale = 0.044715F;
constexpr float quick_scale = 1.702F;
constexpr float clip = 10;
constexpr float leak = 0.01F;  // torch.nn.LeakyReLU's own

ggml_tensor* gelu_by_tanh(ggml_context* context, ggml_tensor* x) {
  // ggml's own looks the values up in a table of half precision. 0.5 (1 + tanh(u)) is sigmoid(2 u).
  auto* factor = ggml_scale_bias(context, ggml_sqr(context, x), 2 * tanh_scale * cube_scale, 2 * tanh_scale);
  return ggml_mul(context, ggml_sigmoid(context, ggml_mul(context, factor, x)), x);
}

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
    case Activation::gelu_clipped:
      return ggml_clamp(context, ggml_gelu_erf(context, x), -clip, clip);
    case Activation::gelu_tanh:
      return gelu_by_tanh(context, x);
    case Activation::gelu_quick:
      return ggml_mul(context, ggml_sigmoid(context, ggml_scale(context, x, quick_scale)), x);
    case Activation::relu:
      return ggml_relu(context, x);
    case Activation::relu_squared:
      return ggml_sqr(context, ggml_relu(context, x));
    case Activation::relu6:
      return ggml_clamp(context, x, 0, 6);
    case Activation::leaky_relu:
      return ggml_leaky_relu(context, x, leak, false);
    case Activation::elu:
      return ggml_elu(context, x);
    case Activation::silu:
      return ggml_silu(context, x);
    case Activation::mish:
      return ggml_mul(context, ggml_tanh(context, ggml_softplus(context, x)), x);
    case Activation::softplus:
      return ggml_softplus(context, x);
    case Activation::softsign:
      return ggml_div(context, x, ggml_scale_bias(context, ggml_abs(context, x), 1, 1));
    case Activation::tanh:
      return ggml_tanh(context, x);
    case Activation::hard_tanh:
      return ggml_clamp(context, x, -1, 1);
    case Activation::sigmoid:
      return ggml_sigmoid(context, x);
    case Activation::hard_sigmoid:
      return ggml_hardsigmoid(context, x);
    case Activation::hard_silu:
      return ggml_hardswish(context, x);
    case Activation::linear:
      break;
  }
  return x;
}

float activated(Activation activation, float x) {
  const auto sigmoid = [](float u) { return 1 / (1 + std::exp(-u)); };
  const auto softplus = [](float u) { return u > 20 ? u : std::log1p(std::exp(u)); };
  const auto gelu = [](float u) { return 0.5F * u * (1 + std::erf(u / std::numbers::sqrt2_v<float>)); };
  switch (activation) {
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_clipped:
      return std::clamp(gelu(x), -clip, clip);
    case Activation::gelu_tanh:
      return x * sigmoid(2 * tanh_scale * (x + cube_scale * x * x * x));
    case Activation::gelu_quick:
      return x * sigmoid(quick_scale * x);
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::relu_squared:
      return x > 0 ? x * x : 0;
    case Activation::relu6:
      return std::clamp(x, 0.0F, 6.0F);
    case Activation::leaky_relu:
      return x > 0 ? x : leak * x;
    case Activation::elu:
      return x > 0 ? x : std::expm1(x);
    case Activation::silu:
      return x * sigmoid(x);
    case Activation::mish:
      return x * std::tanh(softplus(x));
    case Activation::softplus:
      return softplus(x);
    case Activation::softsign:
      return x / (1 + std::abs(x));
    case Activation::tanh:
      return std::tanh(x);
    case Activation::hard_tanh:
      return std::clamp(x, -1.0F, 1.0F);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::hard_sigmoid:
      return std::clamp(x + 3, 0.0F, 6.0F) / 6;
    case Activation::hard_silu:
      return x * std::clamp(x + 3, 0.0F, 6.0F) / 6;
    case Activation::linear:
      break;
  }
  return x;
}

}  // namespace berth::encoder
