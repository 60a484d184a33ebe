#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "berth/error.h"
#include "berth/inventory.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class InventoryFile : public testing::Test {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
    return names;
  }
  void write(std::string_view text) const { std::ofstream(path, std::ios::binary) << text; }
  std::string problem() const {
    try {
      Inventory::load(path);
    } catch (const FormatError& error) {
      EXPECT_EQ(error.path(), path);
      return error.what();
    }
    return "was loaded";
  }

  test::TemporaryFolder temporary;
  const std::filesystem::path& folder = temporary.path();
  const std::filesystem::path path = folder / "machine.json";
};

TEST_F(InventoryFile, ComesBackFromTheDisk) {
  const auto inventory = simulate("cpu:2x32GiB,cuda:2x24GiB@1000GB/s,link:25GB/s");
  inventory.save(path);
  EXPECT_EQ(Inventory::load(path), inventory);
  EXPECT_THAT(names(), ElementsAre("machine.json"));
}

TEST_F(InventoryFile, ReplacesAnotherAndKeepsItsPermissions) {
  write("old");
  ::chmod(path.c_str(), 0640);
  simulate("cpu:1GiB").save(path);
  EXPECT_EQ(Inventory::load(path), simulate("cpu:1GiB"));
  struct stat status = {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(InventoryFile, IsReplacedBehindALink) {
  write("old");
  std::filesystem::create_symlink("machine.json", folder / "link");
  simulate("cpu:1GiB").save(folder / "link");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(Inventory::load(path), simulate("cpu:1GiB"));
}

TEST_F(InventoryFile, DoesNotReplaceWhatIsNoFile) {
  EXPECT_THROW(simulate("cpu:1GiB").save(folder), std::filesystem::filesystem_error);
  EXPECT_THROW(simulate("cpu:1GiB").save("/dev/null"), std::filesystem::filesystem_error);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_THROW(simulate("cpu:1GiB").save(folder / "no" / "folder"), std::filesystem::filesystem_error);
  EXPECT_THAT(names(), ElementsAre());
}

TEST_F(InventoryFile, ThatCannotBeWrittenIsNamedAsItWasGiven) {
  try {
    simulate("cpu:1GiB").save("/nonexistent/x");
    ADD_FAILURE() << "was written";
  } catch (const std::filesystem::filesystem_error& error) {
    EXPECT_EQ(error.path1(), "/nonexistent/x");
    EXPECT_THAT(error.what(), HasSubstr("No such file or directory"));
  }
}

TEST_F(InventoryFile, LeavesTheOldOneAndNothingElseWhereTheDiskIsFull) {
  write("old");
  struct rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit limit = {100, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_THROW(simulate("cpu:1GiB").save(path), std::filesystem::filesystem_error);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(names(), ElementsAre("machine.json"));
  EXPECT_EQ(std::filesystem::file_size(path), 3U);
}

TEST_F(InventoryFile, IsWholeWhileOthersWriteIt) {
  const auto one = simulate("cpu:1GiB");
  const auto other = simulate("cpu:2GiB,cuda:100x1GiB");
  one.save(path);
  {
    std::jthread first([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) one.save(path);
    });
    std::jthread second([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) other.save(path);
    });
    for (int i = 0; i < 20; ++i) {
      const auto loaded = Inventory::load(path);
      EXPECT_TRUE(loaded == one || loaded == other);
    }
  }
  EXPECT_THAT(names(), ElementsAre("machine.json"));
}

TEST_F(InventoryFile, ThatIsNoInventoryIsAFormatError) {
  write("{\"schema\": 1, \"devices\": [");
  EXPECT_THAT(problem(), AllOf(HasSubstr(path.string() + ": byte 26: found "), HasSubstr("end of input")));
  write("");
  EXPECT_THAT(problem(), HasSubstr(": byte 0: "));
  write("{\"schema\": 1, \"schema\": 1}");
  EXPECT_THAT(problem(), HasSubstr("the name \"schema\" twice"));
  write("{\"schema\": 1, \"host\": \"\xFF\"}");
  EXPECT_THAT(problem(), HasSubstr(": byte "));
  write("{\"schema\": 1, \"origin\": \"recorded\", \"devices\": [{}], \"pools\": []}");
  EXPECT_EQ(problem(), path.string() + ": devices[0].device: is missing");
}

TEST_F(InventoryFile, ThatIsTooLargeIsNotReadToItsEnd) {
  write("");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 40U);  // of holes
  EXPECT_THAT(problem(), HasSubstr("expected at most 67108864"));
}

TEST_F(InventoryFile, ThatIsNotThereIsAFileSystemError) {
  EXPECT_THROW(Inventory::load(path), std::filesystem::filesystem_error);
  EXPECT_THROW(Inventory::load(folder), std::filesystem::filesystem_error);
}

TEST_F(InventoryFile, MayBeAPipe) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto inventory = simulate("cpu:1GiB,cuda:500x1GiB");
  std::jthread writer([&] { write(inventory.to_dict().to_json()); });
  EXPECT_EQ(Inventory::load(path), inventory);
}

}  // namespace
}  // namespace berth
