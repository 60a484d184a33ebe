/// A worker's folder of tensors holds no more than it may: what was used longest ago goes first.
#include "engine/host/kept_tensors.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "test_model.h"

namespace berth::test {
namespace {

using host::KeptTensors;
using testing::UnorderedElementsAre;

class KeptTensorsTest : public testing::Test {
 protected:
  static std::string name(int number) { return "000000000000000" + std::to_string(number); }

  /// Of ten bytes each, the first one used longest ago.
  void keep(int count) {
    for (int number = 0; number < count; ++number) {
      const auto path = folder_.path() / name(number);
      std::ofstream(path) << "0123456789";
      const timespec times[2] = {{.tv_sec = 1000 + number, .tv_nsec = 0}, {.tv_sec = 5000 - number, .tv_nsec = 0}};
      ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    }
  }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& each : std::filesystem::directory_iterator(folder_.path()))
      all.push_back(each.path().filename().string());
    return all;
  }

  TemporaryFolder folder_;
};

TEST_F(KeptTensorsTest, GoWhenTheyWereUsedLongestAgo) {
  keep(4);
  KeptTensors kept(folder_.path(), 40);
  EXPECT_TRUE(kept.make_room(0));
  EXPECT_EQ(names().size(), 4U) << "there is room";
  KeptTensors(folder_.path(), 40).use(name(0));
  EXPECT_TRUE(kept.make_room(11));
  EXPECT_THAT(names(), UnorderedElementsAre(name(0), name(3)));
}

TEST_F(KeptTensorsTest, StayWhereTheyAreInUse) {
  keep(4);
  const auto client = folder_.path() / ".client-1";
  std::filesystem::create_directory(client);
  std::filesystem::create_hard_link(folder_.path() / name(0), client / name(0));
  KeptTensors kept(folder_.path(), 40);
  kept.use(name(1));
  EXPECT_FALSE(kept.make_room(21)) << "with two that are in use";
  EXPECT_EQ(names().size(), 5U) << "and then nothing is removed";
  EXPECT_TRUE(kept.make_room(20));
  EXPECT_THAT(names(), UnorderedElementsAre(name(0), name(1), ".client-1"));
  std::filesystem::remove_all(client);
  EXPECT_TRUE(kept.make_room(30));
  EXPECT_THAT(names(), UnorderedElementsAre(name(1)));
}

TEST_F(KeptTensorsTest, AreTheOnlyFilesThatGo) {
  keep(1);
  const std::string other = "a file of somebody's";
  std::ofstream(folder_.path() / other) << std::string(100, 'x');
  KeptTensors kept(folder_.path(), 10);
  EXPECT_TRUE(kept.make_room(10));
  EXPECT_THAT(names(), UnorderedElementsAre(other));
  EXPECT_FALSE(kept.make_room(11)) << "more than all that may be kept";
}

}  // namespace
}  // namespace berth::test
