/// A file of a model is checked once it has answered, and no longer when it is another one.
#include "engine/checked_models.h"

#include <gtest/gtest.h>

#include <fstream>

#include "test_model.h"

namespace berth {
namespace {

class CheckedModels : public testing::Test {
 protected:
  std::filesystem::path write(const std::filesystem::path& name, const std::string& text) const {
    const auto path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  test::TemporaryFolder folder_;
  const ModelSearch search_{.hub_cache = folder_.path() / "hub", .model_cache = folder_.path() / "berth" / "models"};
};

TEST_F(CheckedModels, AreBerthsOwnAndThoseThatAnswered) {
  EXPECT_TRUE(is_checked(write("berth/models/smollm2/model.gguf", "own"), search_));
  const auto other = write("downloads/model.gguf", "some");
  EXPECT_FALSE(is_checked(other, search_));
  EXPECT_FALSE(is_checked(write("berth/models.gguf", "beside"), search_));
  keep_checked(other, search_);
  EXPECT_TRUE(is_checked(other, search_));
  EXPECT_TRUE(is_checked(folder_.path() / "downloads" / ".." / "downloads" / "model.gguf", search_)) << "the same file";
  keep_checked(write("downloads/third.gguf", "more"), search_);
  EXPECT_TRUE(is_checked(other, search_));

  write("downloads/model.gguf", "another one");
  EXPECT_FALSE(is_checked(other, search_));
  keep_checked(folder_.path() / "nowhere.gguf", search_);
  EXPECT_FALSE(is_checked(folder_.path() / "nowhere.gguf", search_));
}

TEST_F(CheckedModels, ForgetTheOldestAndWhatCannotBeRead) {
  const auto first = write("0.gguf", "0");
  keep_checked(first, search_);
  std::string many = "{";
  for (int i = 0; i < 511; ++i) many += "\"/gone/" + std::to_string(i) + "\": \"\", ";
  std::ofstream(folder_.path() / "berth" / "answered.json") << many << "\"/gone\": \"\"}";
  const auto last = write("1.gguf", "1");
  keep_checked(last, search_);
  EXPECT_TRUE(is_checked(last, search_));
  std::ofstream(folder_.path() / "berth" / "answered.json") << "no JSON";
  EXPECT_FALSE(is_checked(last, search_));
  keep_checked(last, search_);
  EXPECT_TRUE(is_checked(last, search_));
  EXPECT_FALSE(is_checked(last, {})) << "no folder to keep it";
  keep_checked(last, {});
}

}  // namespace
}  // namespace berth
