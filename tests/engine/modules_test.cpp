#include <gmock/gmock.h>

#ifdef BERTH_WITH_LLAMA
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/llama/modules.h"

namespace berth::llama {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A folder of modules, with some of those that the build has as fakes.
class ModulesTest : public testing::Test {
 protected:
  ModulesTest() { std::filesystem::create_directories(folder_); }
  ~ModulesTest() override { std::filesystem::remove_all(folder_); }

  void add(const std::string& name) {
    const auto file = "libggml-" + name + ".so";
    std::filesystem::copy_file(std::filesystem::path(BERTH_FAKE_MODULES) / file, folder_ / file);
  }
  void write(const std::string& file, const std::string& text) { std::ofstream(folder_ / file) << text; }

  std::vector<Module> load() const {
    auto modules = find_modules(folder_);
    load_modules(modules);
    return modules;
  }
  /// Why the module cannot be loaded, alone in its folder.
  std::string problem_of(const std::string& name) {
    add(name);
    const auto modules = load();
    EXPECT_EQ(modules.size(), 1U);
    EXPECT_FALSE(modules.at(0).loaded);
    return modules.at(0).problem;
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / ("modules_" + std::to_string(getpid()));
};

TEST_F(ModulesTest, AreTheFilesOfThatNameInTheirOrder) {
  for (const char* file : {"libggml-vulkan.so", "libggml-cpu-haswell.so", "libberth-ggml-base.so", "libggml-.so",
                           "libggml.so", "libggml-cuda.so.1", "README"})
    write(file, "");
  std::filesystem::create_directory(folder_ / "libggml-folder.so");
  std::vector<std::string> names;
  for (const auto& each : find_modules(folder_)) {
    names.push_back(each.name);
    EXPECT_TRUE(each.path.is_absolute());
    EXPECT_FALSE(each.loaded);
  }
  EXPECT_THAT(names, ElementsAre("cpu-haswell", "vulkan"));
  EXPECT_THAT(find_modules(folder_ / "nowhere"), IsEmpty());
}

TEST_F(ModulesTest, EnterADriverUnlessTheyAreOfTheCpuOrTheNetwork) {
  for (const char* name : {"cuda", "hip", "vulkan", "sycl", "opencl", "cpuid"})
    EXPECT_TRUE((Module{name, {}}).enters_driver()) << name;
  for (const char* name : {"cpu", "cpu-haswell", "rpc", "blas"})
    EXPECT_FALSE((Module{name, {}}).enters_driver()) << name;
}

TEST_F(ModulesTest, GiveTheirBackendToGgml) {
  add("works");
  const auto modules = load();
  ASSERT_EQ(modules.size(), 1U);
  EXPECT_TRUE(modules[0].loaded) << modules[0].problem;
  EXPECT_EQ(modules[0].problem, "");
}

TEST_F(ModulesTest, SayWhichLibraryIsMissing) {
  EXPECT_EQ(problem_of("no_driver"), "it needs libfake_driver.so.1, which is not on this machine");
}

TEST_F(ModulesTest, OfAnotherVersionAreNotLoaded) {
  EXPECT_THAT(problem_of("other_version"),
              AllOf(HasSubstr("another version of Berth"), HasSubstr("libberth-ggml-base.so.0.0.1")));
}

TEST_F(ModulesTest, OfAnotherInterfaceAreNotLoaded) {
  EXPECT_THAT(problem_of("old_interface"), AllOf(HasSubstr("incompatible API version"), Not(HasSubstr("/"))));
}

TEST_F(ModulesTest, WithAMissingFunctionAreNotLoaded) {
  EXPECT_THAT(problem_of("undefined"),
              AllOf(HasSubstr("another version"), HasSubstr("ggml_function_of_another_version")));
}

TEST_F(ModulesTest, ForAnotherProcessorAreNotLoaded) {
  EXPECT_THAT(problem_of("other_processor"), HasSubstr("this processor lacks"));
}

TEST_F(ModulesTest, ThatAreNoneSayWhatTheyAre) {
  write("libggml-empty.so", "");
  write("libggml-text.so", std::string(10000, 'x'));
  std::filesystem::copy_file(BERTH_FAKE_DRIVER, folder_ / "libggml-other.so");
  const auto modules = load();
  ASSERT_EQ(modules.size(), 3U);
  EXPECT_THAT(modules[0].problem, HasSubstr("it is no shared library; install it anew"));
  EXPECT_EQ(modules[1].problem, "it is no backend of ggml: it has no ggml_backend_init");
  EXPECT_THAT(modules[2].problem, HasSubstr("it is no shared library; install it anew"));
  for (const auto& each : modules) EXPECT_FALSE(each.loaded);
}

TEST_F(ModulesTest, ThatAreCutOffAnywhereAreNotOpened) {
  add("works");
  const auto file = folder_ / "libggml-works.so";
  for (auto size = std::filesystem::file_size(file) - 1; size > 0; size = size * 3 / 4) {
    std::filesystem::resize_file(file, size);
    const auto modules = load();
    ASSERT_EQ(modules.size(), 1U);
    EXPECT_FALSE(modules[0].loaded);
    EXPECT_THAT(modules[0].problem, HasSubstr("install it anew")) << size;
  }
}

TEST_F(ModulesTest, OfTheCpuAreChosenByTheirScore) {
  for (const char* name : {"cpu-0", "cpu-10", "cpu-20"}) add(name);
  write("libggml-cpu-30.so", "damaged");
  const auto modules = load();
  ASSERT_EQ(modules.size(), 4U);
  EXPECT_FALSE(modules[0].loaded);
  EXPECT_FALSE(modules[1].loaded);
  EXPECT_TRUE(modules[2].loaded) << modules[2].problem;
  EXPECT_FALSE(modules[3].loaded);
  for (const int others : {0, 1, 2}) EXPECT_EQ(modules[others].problem, "");
  EXPECT_THAT(modules[3].problem, HasSubstr("it is no shared library"));
}

TEST_F(ModulesTest, OfTheCpuThatAllCrashHereSaySo) {
  EXPECT_THAT(problem_of("cpu-0"), HasSubstr("this processor lacks"));
}

TEST_F(ModulesTest, ThatFailDoNotStopTheOthers) {
  for (const char* name : {"no_driver", "old_interface", "works"}) add(name);
  const auto modules = load();
  ASSERT_EQ(modules.size(), 3U);
  EXPECT_FALSE(modules[0].loaded);
  EXPECT_FALSE(modules[1].loaded);
  EXPECT_TRUE(modules[2].loaded);
}

}  // namespace
}  // namespace berth::llama
#endif
