/// A model whose scores are no numbers: the default one with a damaged weight.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/model.h"
#include "test_model.h"

namespace berth {
namespace {

TEST(NanScores, AreAnErrorThatSaysSo) {
  BERTH_NEEDS_MODEL();
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "damaged.gguf";
  std::filesystem::copy_file(test::model_path(), path);
  const auto profile = read_model(path);
  const auto norm = std::ranges::find(profile.tensors, "output_norm.weight", &TensorInfo::name);
  ASSERT_NE(norm, profile.tensors.end());
  ASSERT_EQ(norm->type, "F32");
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(norm->offset));
    const float infinite = std::numeric_limits<float>::infinity();
    file.write(reinterpret_cast<const char*>(&infinite), sizeof infinite);
  }

  const auto session = engine("llama.cpp").load({.model = path, .device = Device::cpu()})->new_session();
  for (const auto& options :
       {GenerationOptions{.max_new_tokens = 2}, GenerationOptions{.max_new_tokens = 2, .do_sample = true, .seed = 1}}) {
    try {
      session->generate({.prompts = {"Hello"}, .options = options});
      FAIL() << "was accepted";
    } catch (const EngineError& problem) {
      EXPECT_THAT(problem.what(), testing::HasSubstr("NaN"));
    }
  }
}

}  // namespace
}  // namespace berth
