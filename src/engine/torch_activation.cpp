#include "engine/torch_activation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace berth {
namespace {

template <float (*function)(float)>
void by_number(std::span<float> row) {
  std::ranges::transform(row, row.begin(), function);
}

// A comparison with NaN is false: each function gives NaN for it, as torch does.
float identity(float x) { return x; }
float relu(float x) { return x < 0 ? 0 : x; }
float relu6(float x) { return std::clamp(x, 0.0F, 6.0F); }
float leaky_relu(float x) { return x < 0 ? 0.01F * x : x; }
float rrelu(float x) { return x < 0 ? (1.0F / 8 + 1.0F / 3) / 2 * x : x; }  // the mean slope, outside of training
float elu(float x) { return x < 0 ? std::expm1(x) : x; }
float selu(float x) {
  constexpr float scale = 1.0507009873554804934193349852946F;
  constexpr float alpha = 1.6732632423543772848170429916717F;
  return scale * (x < 0 ? alpha * std::expm1(x) : x);
}
float gelu(float x) { return 0.5F * x * (1 + std::erf(x / std::numbers::sqrt2_v<float>)); }
float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }
float log_sigmoid(float x) { return std::min(x, 0.0F) - std::log1p(std::exp(-std::abs(x))); }
float softplus(float x) { return x > 20 ? x : std::log1p(std::exp(x)); }
float softsign(float x) { return x / (1 + std::abs(x)); }
float silu(float x) { return x * sigmoid(x); }
float mish(float x) { return x * std::tanh(softplus(x)); }
float tanh_of(float x) { return std::tanh(x); }
float tanh_shrink(float x) { return x - std::tanh(x); }
float hard_tanh(float x) { return std::clamp(x, -1.0F, 1.0F); }
float hard_sigmoid(float x) { return std::clamp(x + 3, 0.0F, 6.0F) / 6; }
float hard_swish(float x) { return x * std::clamp(x + 3, 0.0F, 6.0F) / 6; }
float hard_shrink(float x) { return x >= -0.5F && x <= 0.5F ? 0 : x; }
float soft_shrink(float x) { return x > 0.5F ? x - 0.5F : x < -0.5F ? x + 0.5F : x * 0; }

float log_of_sum(std::span<const float> row, float largest) {
  double sum = 0;
  for (const auto x : row) sum += std::exp(static_cast<double>(x) - largest);
  return static_cast<float>(std::log(sum));
}

void log_softmax(std::span<float> row) {
  const auto largest = std::ranges::max(row);
  const auto log_sum = log_of_sum(row, largest);
  for (auto& x : row) x = x - largest - log_sum;
}

void softmax(std::span<float> row) {
  log_softmax(row);
  for (auto& x : row) x = std::exp(x);
}

void softmin(std::span<float> row) {
  for (auto& x : row) x = -x;
  softmax(row);
}

constexpr auto classes = std::to_array<std::pair<std::string_view, RowFunction>>({
    {"Tanh", by_number<tanh_of>},
    {"Identity", by_number<identity>},
    {"ReLU", by_number<relu>},
    {"ReLU6", by_number<relu6>},
    {"LeakyReLU", by_number<leaky_relu>},
    {"RReLU", by_number<rrelu>},
    {"ELU", by_number<elu>},
    {"CELU", by_number<elu>},  // the same, as its alpha is 1
    {"SELU", by_number<selu>},
    {"GELU", by_number<gelu>},
    {"SiLU", by_number<silu>},
    {"Mish", by_number<mish>},
    {"Sigmoid", by_number<sigmoid>},
    {"LogSigmoid", by_number<log_sigmoid>},
    {"Softplus", by_number<softplus>},
    {"Softsign", by_number<softsign>},
    {"Softshrink", by_number<soft_shrink>},
    {"Hardshrink", by_number<hard_shrink>},
    {"Tanhshrink", by_number<tanh_shrink>},
    {"Hardtanh", by_number<hard_tanh>},
    {"Hardsigmoid", by_number<hard_sigmoid>},
    {"Hardswish", by_number<hard_swish>},
    {"Softmax", softmax},
    {"Softmin", softmin},
    {"LogSoftmax", log_softmax},
});

}  // namespace

RowFunction torch_activation(std::string_view class_name) {
  const auto dot = class_name.rfind('.');
  if (dot == class_name.npos) return nullptr;
  const auto package = class_name.substr(0, dot);
  const auto name = class_name.substr(dot + 1);
  const auto own = name == "Identity" ? "torch.nn.modules.linear" : "torch.nn.modules.activation";
  if (package != own && package != "torch.nn.modules" && package != "torch.nn") return nullptr;
  const auto found = std::ranges::find(classes, name, [](const auto& each) { return each.first; });
  return found == classes.end() ? nullptr : found->second;
}

std::string known_torch_activations() {
  std::string names;
  for (const auto& known : classes) names += fmt::format("{}{}", names.empty() ? "one of " : ", ", known.first);
  return names + " of torch.nn";
}

}  // namespace berth
