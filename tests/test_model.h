/// The model that tests of real generation use, and how they ask for it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace berth::test {

/// The path in BERTH_TEST_MODEL of the environment, else where the default model is once it was fetched.
inline std::filesystem::path model_path() {
  const char* named = std::getenv("BERTH_TEST_MODEL");
  return named != nullptr && *named != '\0' ? named : BERTH_TEST_MODEL;
}

/// A folder of its own, removed with all that is in it by the process that made it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "berth-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~TemporaryFolder() {
    if (getpid() != maker_) return;  // a fork ends
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  pid_t maker_ = getpid();
};

}  // namespace berth::test

/// Skips a test where the model was not fetched (scripts/get_model.sh smollm2).
#define BERTH_NEEDS_MODEL()                                                                   \
  if (!std::filesystem::exists(berth::test::model_path()))                                    \
  GTEST_SKIP() << berth::test::model_path() << " is not here; get it by `make model`"
