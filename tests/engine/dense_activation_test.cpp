/// The activations of Dense, a module of sentence-transformers, against torch's formulas.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>

#include "berth/encoder.h"
#include "encoder_cases.h"
#include "test_model.h"

namespace berth {
namespace {

/// The encoder st_dense with no module behind its Dense, which has the activation of that name.
class DenseWith {
 public:
  DenseWith() {
    std::filesystem::copy(BERTH_TEST_DATA_DIR "/encoders/st_dense", folder_.path(),
                          std::filesystem::copy_options::recursive);
    auto modules = test::read_json_file(folder_.path() / "modules.json");
    modules.as_array().resize(3);
    write("modules.json", modules);
  }

  std::vector<float> embedding(const std::string& activation) const {
    auto config = test::read_json_file(folder_.path() / "2_Dense" / "config.json");
    config.as_object().set("activation_function", activation);
    write("2_Dense/config.json", config);
    const auto model = load_encoder({.model = folder_.path()});
    return model->encode({.token_ids = {{3, 4, 5}}, .outputs = {EncoderOutput::embedding}}).embedding.values;
  }

 private:
  void write(const std::string& file, const Value& value) const {
    std::ofstream(folder_.path() / file) << value.to_json();
  }

  test::TemporaryFolder folder_;
};

double dense_gelu(double x) { return x / 2 * (1 + std::erf(x / std::numbers::sqrt2)); }
double dense_softplus(double x) { return std::log1p(std::exp(x)); }
double dense_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(DenseActivation, EqualsTorchs) {
  const DenseWith dense;
  const auto before = dense.embedding("torch.nn.modules.linear.Identity");
  const std::pair<std::string, double (*)(double)> functions[] = {
      {"Tanh", [](double x) { return std::tanh(x); }},
      {"ReLU", [](double x) { return std::max(x, 0.0); }},
      {"ReLU6", [](double x) { return std::clamp(x, 0.0, 6.0); }},
      {"LeakyReLU", [](double x) { return x > 0 ? x : 0.01 * x; }},
      {"ELU", [](double x) { return x > 0 ? x : std::exp(x) - 1; }},
      {"GELU", dense_gelu},
      {"SiLU", [](double x) { return x * dense_sigmoid(x); }},
      {"Mish", [](double x) { return x * std::tanh(dense_softplus(x)); }},
      {"Softplus", dense_softplus},
      {"Softsign", [](double x) { return x / (1 + std::abs(x)); }},
      {"Sigmoid", dense_sigmoid},
      {"Hardtanh", [](double x) { return std::clamp(x, -1.0, 1.0); }},
      {"Hardsigmoid", [](double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
      {"Hardswish", [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }}};
  for (const auto& [name, function] : functions) {
    const auto after = dense.embedding("torch.nn.modules.activation." + name);
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) EXPECT_NEAR(after[i], function(before[i]), 1e-5) << name;
  }
}

}  // namespace
}  // namespace berth
