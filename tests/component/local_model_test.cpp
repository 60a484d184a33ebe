// How often a local model's header is read, seen by standing between the library and the kernel.
#include "component/local_model.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <string>

#include "test_model.h"

namespace {

std::atomic<bool> counting_opens = false;
std::atomic<int> model_opens = 0;

}  // namespace

extern "C" int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (counting_opens && std::string_view(path).ends_with("/model.gguf")) ++model_opens;
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

namespace berth {
namespace {

TEST(LocalModel, ReadsTheHeaderOnceForItsSizeAndToBeLoaded) {
  BERTH_NEEDS_MODEL();
  const test::TemporaryFolder folder;  // a file that no other test has loaded
  const auto path = folder.path() / "model.gguf";
  std::filesystem::copy_file(test::model_path(), path);
  LocalModel model({.model = path.string(), .task = "text-generation", .device = Device::cpu()});
  counting_opens = true;
  const auto use = model.load_use();
  ASSERT_EQ(use.size(), 1U);
  EXPECT_EQ(use[0].device, Device::cpu());
  EXPECT_NEAR(static_cast<double>(use[0].weights), static_cast<double>(std::filesystem::file_size(path)), 4e6);
  EXPECT_GT(use[0].cache, 0U);
  EXPECT_GT(use[0].compute, 0U);
  model.warm_up({});
  counting_opens = false;
  EXPECT_NE(model.loaded_model(), nullptr);
  EXPECT_TRUE(model.load_use().empty());
  EXPECT_EQ(model_opens, 1 + 1) << "and once for the texts of the vocabulary, which no profile holds";
}

}  // namespace
}  // namespace berth
