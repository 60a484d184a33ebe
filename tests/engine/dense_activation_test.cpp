/// The activations of Dense, a module of sentence-transformers, against what torch gave (make_activations.py).
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "berth/encoder.h"
#include "berth/error.h"
#include "component/near.h"
#include "encoder_cases.h"
#include "engine/torch_activation.h"
#include "json_file.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

  void set(const std::string& entry, const std::string& value) const {
    auto config = test::read_json_file(folder_.path() / "2_Dense" / "config.json");
    config.as_object().set(entry, value);
    write("2_Dense/config.json", config);
  }

  std::vector<float> embedding(const std::string& activation, std::vector<std::string>* warnings = nullptr) const {
    set("activation_function", activation);
    LoadContext context;
    if (warnings != nullptr) context.log = [=](LogLevel, std::string_view text) { warnings->emplace_back(text); };
    const auto model = load_encoder({.model = folder_.path()}, context);
    return model->encode({.token_ids = {{3, 4, 5}}, .outputs = {EncoderOutput::embedding}}).embedding.values;
  }

 private:
  void write(const std::string& file, const Value& value) const {
    std::ofstream(folder_.path() / file) << value.to_json();
  }

  test::TemporaryFolder folder_;
};

std::string activation_class(const std::string& name) { return "torch.nn.modules.activation." + name; }

TEST(DenseActivation, EqualsTorchs) {
  const auto recorded = test::json_file("encoders/activations.json");
  const auto row = from_value<std::vector<float>>(*recorded.find("row"));
  EXPECT_EQ(recorded.find("classes")->as_object().size(), 24U);
  for (const auto& [name, expected] : recorded.find("classes")->as_object()) {
    const auto function = torch_activation(name);
    ASSERT_NE(function, nullptr) << name;
    auto values = row;
    function(values);
    test::expect_near(to_value(values), expected, 1e-6, name);
  }
}

TEST(DenseActivation, IsAppliedToTheEmbedding) {
  const DenseWith dense;
  const auto before = dense.embedding("torch.nn.modules.linear.Identity");
  for (const auto* name : {"SELU", "Softmax"}) {
    auto expected = before;
    torch_activation(activation_class(name))(expected);
    EXPECT_NE(expected, before);
    EXPECT_EQ(dense.embedding(activation_class(name)), expected) << name;
    EXPECT_EQ(dense.embedding(fmt::format("torch.nn.{}", name)), expected) << name;
  }
}

TEST(DenseActivation, IsTanhInPlaceOfAClassThatIsNotTorchs) {
  const DenseWith dense;
  std::vector<std::string> warnings;
  EXPECT_EQ(dense.embedding("my_models.Scaled", &warnings), dense.embedding(activation_class("Tanh")));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("'my_models.Scaled'")));
}

TEST(DenseActivation, IsRefusedWhereItCannotBeComputed) {
  const DenseWith dense;
  for (const auto* name : {"PReLU", "GLU", "Threshold", "Softmax2d", "Identity"})
    EXPECT_THAT(test::refusal<FormatError>([&] { dense.embedding(activation_class(name)); }), HasSubstr(name));
  EXPECT_THAT(test::refusal<FormatError>([&] { dense.embedding("torch.tanh"); }), HasSubstr("Softshrink"));
}

TEST(DenseActivation, StandsOnEmbeddingsAlone) {
  const DenseWith dense;
  dense.set("module_input_name", "sentence_embedding");
  dense.embedding(activation_class("Tanh"));
  dense.set("module_input_name", "token_embeddings");
  EXPECT_THAT(test::refusal<FormatError>([&] { dense.embedding(activation_class("Tanh")); }),
              HasSubstr("'token_embeddings'"));
}

}  // namespace
}  // namespace berth
