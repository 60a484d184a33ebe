#include "discover/host/cgroup.h"

#include <gmock/gmock.h>

#include "discover/host/memory.h"
#include "discover/host/mounts.h"
#include "discover/host_machine.h"

namespace berth::test {
namespace {

using discovery::cgroup_limits;
using discovery::cpus_of_cpu_max;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

/// A machine with nothing but groups.
class Cgroups : public testing::Test {
 protected:
  void member_of(const std::string& memberships) { machine.write("proc/self/cgroup", memberships); }
  void mounted(const std::string& root, const std::string& rest = "cgroup2 cgroup2 rw") {
    mountinfo += "30 1 0:26 " + root + " /sys/fs/cgroup rw - " + rest + "\n";
    machine.write("proc/self/mountinfo", mountinfo);
  }
  void group(const std::string& folder, const std::string& file, const std::string& text) {
    machine.write("sys/fs/cgroup/" + folder + "/" + file, text + "\n");
  }
  discovery::CgroupLimits limits() const { return cgroup_limits(machine.root()); }

  RecordedMachine machine;
  std::string mountinfo;
};

TEST_F(Cgroups, TheTightestOfNestedLimitsCounts) {
  member_of("0::/a/b/c\n");
  mounted("/");
  group("a/b/c", "memory.max", std::to_string(300 * mib));
  group("a/b", "memory.max", std::to_string(100 * mib));
  group("a", "memory.max", std::to_string(200 * mib));
  group("a/b/c", "cpu.max", "max 100000");
  group("a", "cpu.max", "150000 100000");
  EXPECT_EQ(limits().memory_bytes, 100 * mib);
  EXPECT_EQ(limits().memory_by, "/a/b");
  EXPECT_EQ(limits().cpus, 1.5);
  EXPECT_EQ(limits().cpus_by, "/a");
}

TEST_F(Cgroups, TheGroupWithTheLeastLeftCanBeAnotherThanThatWithTheSmallestLimit) {
  member_of("0::/a/b\n");
  mounted("/");
  group("a/b", "memory.max", std::to_string(100 * mib));
  group("a/b", "memory.current", std::to_string(10 * mib));
  group("a", "memory.max", std::to_string(200 * mib));
  group("a", "memory.current", std::to_string(190 * mib));
  EXPECT_EQ(limits().memory_by, "/a/b");
  EXPECT_EQ(limits().memory_free_bytes, 10 * mib);
  EXPECT_EQ(limits().free_by, "/a");
}

TEST_F(Cgroups, PageCacheIsFreeAndWhatProcessesHoldIsNot) {
  member_of("0::/a\n");
  mounted("/");
  group("a", "memory.max", std::to_string(100 * mib));
  group("a", "memory.current", std::to_string(90 * mib));
  group("a", "memory.stat",
        "anon 1\ninactive_file " + std::to_string(20 * mib) + "\nactive_file " + std::to_string(30 * mib) +
            "\nslab_reclaimable " + std::to_string(5 * mib));
  EXPECT_EQ(limits().memory_free_bytes, 65 * mib);
}

TEST_F(Cgroups, MoreCacheThanUsageOrMoreUsageThanLimitIsNoMoreThanAllOrNothing) {
  member_of("0::/a\n");
  mounted("/");
  group("a", "memory.max", std::to_string(100 * mib));
  group("a", "memory.current", std::to_string(10 * mib));
  group("a", "memory.stat", "inactive_file " + std::to_string(50 * mib));
  EXPECT_EQ(limits().memory_free_bytes, 100 * mib);
  group("a", "memory.current", std::to_string(500 * mib));
  EXPECT_EQ(limits().memory_free_bytes, 0U);
}

TEST_F(Cgroups, WhatSlowsAProcessDownIsALimitToo) {
  member_of("0::/a\n");
  mounted("/");
  group("a", "memory.high", std::to_string(50 * mib));
  group("a", "memory.max", "max");
  EXPECT_EQ(limits().memory_bytes, 50 * mib);
}

TEST_F(Cgroups, AContainerSeesItsOwnGroupAsTheRoot) {
  member_of("0::/\n");
  mounted("/");
  group(".", "memory.max", std::to_string(70 * mib));
  EXPECT_EQ(limits().memory_bytes, 70 * mib);
  EXPECT_EQ(limits().memory_by, "/");
  EXPECT_THAT(limits().notes, IsEmpty());
}

TEST_F(Cgroups, AMountOfAPartShowsTheGroupsBelowIt) {
  member_of("0::/docker/4f/inner\n");
  mounted("/docker/4f");
  group("inner", "memory.max", std::to_string(60 * mib));
  group(".", "memory.max", std::to_string(80 * mib));
  EXPECT_EQ(limits().memory_bytes, 60 * mib);
  EXPECT_EQ(limits().memory_by, "/docker/4f/inner");
}

TEST_F(Cgroups, AGroupOutsideOfWhatIsMountedIsReportedAndTheMountedOneCounts) {
  for (const char* path : {"/../other", "/system.slice/x", "/docker/4f/../5a"}) {
    member_of("0::" + std::string(path) + "\n");
    mounted("/docker/4f");
    group(".", "memory.max", std::to_string(80 * mib));
    EXPECT_EQ(limits().memory_bytes, 80 * mib) << path;
    EXPECT_THAT(limits().notes,
                ElementsAre(HasSubstr("cgroup " + std::string(path) + " is outside of what is mounted")));
  }
}

TEST_F(Cgroups, InAMixOfBothVersionsEachLimitIsFoundWhereItsControllerIs) {
  member_of("4:memory:/a\n2:cpu,cpuacct:/b\n0::/c\n");
  mountinfo =
      "30 1 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
      "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "32 1 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";
  machine.write("proc/self/mountinfo", mountinfo);
  group("memory/a", "memory.limit_in_bytes", std::to_string(90 * mib));
  group("cpu,cpuacct/b", "cpu.cfs_quota_us", "50000");
  group("cpu,cpuacct/b", "cpu.cfs_period_us", "100000");
  EXPECT_EQ(limits().memory_bytes, 90 * mib);
  EXPECT_EQ(limits().cpus, 0.5);
  EXPECT_THAT(limits().notes, IsEmpty());
}

TEST_F(Cgroups, VersionOnesWaysToSayNoLimitAreNone) {
  member_of("4:memory:/\n2:cpu:/\n");
  mountinfo =
      "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "32 1 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
  machine.write("proc/self/mountinfo", mountinfo);
  group("memory", "memory.limit_in_bytes", "9223372036854771712");
  group("memory", "memory.stat", "hierarchical_memory_limit 9223372036854771712");
  group("cpu", "cpu.cfs_quota_us", "-1");
  group("cpu", "cpu.cfs_period_us", "100000");
  EXPECT_EQ(limits().memory_bytes, std::nullopt);
  EXPECT_EQ(limits().cpus, std::nullopt);
  EXPECT_THAT(limits().notes, IsEmpty());
}

TEST_F(Cgroups, NonsenseInAFileIsReportedAndNoLimit) {
  member_of("0::/a\n");
  mounted("/");
  group("a", "memory.max", "many");
  EXPECT_EQ(limits().memory_bytes, std::nullopt);
  EXPECT_THAT(limits().notes, ElementsAre(HasSubstr("memory.max should hold a number, not 'many'")));
}

TEST(CgroupTexts, OfQuotas) {
  EXPECT_EQ(cpus_of_cpu_max("200000 100000"), 2.0);
  for (const char* none :
       {"", "max 100000", "1", "0 100000", "100000 0", "-1 100000", "1 2 3", "1e9 5", "99999999999999999999 1"})
    EXPECT_EQ(cpus_of_cpu_max(none), std::nullopt) << none;
}

TEST(CgroupTexts, OfMemberships) {
  EXPECT_THAT(discovery::cgroup_memberships("4:cpu,cpuacct:/a:b\n0::/\nnonsense\n::\n3:memory:relative\n"),
              ElementsAre(discovery::CgroupMembership{"cpu,cpuacct", "/a:b"}, discovery::CgroupMembership{"", "/"}));
  EXPECT_THAT(discovery::cgroup_memberships("0::/" + std::string(5000, 'a') + "\n"), IsEmpty());
}

TEST(MountTexts, UndoTheKernelsEscapesAndSkipOptionalFields) {
  const auto all = discovery::mounts_in(
      "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue\n"
      "37 35 98:1 / /x ro - xfs /dev/sdb rw\n38 - - -\nshort\n");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], (discovery::Mount{"98:0", "/mnt1", "/mnt 2", "ext3", "/dev/root", "rw,errors=continue"}));
  EXPECT_TRUE(all[1].read_only);
}

TEST(MountTexts, ThePathIsOnTheDeepestMountAndOfStackedOnesOnTheLast) {
  const auto all = discovery::mounts_in(
      "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /home rw - ext4 /dev/b rw\n"
      "3 1 8:3 / /home rw - ext4 /dev/c rw\n4 1 8:4 / /homes rw - ext4 /dev/d rw\n");
  const auto source = [&](const char* path) { return discovery::mount_of(all, path)->source; };
  EXPECT_EQ(source("/"), "/dev/a");
  EXPECT_EQ(source("/homely/x"), "/dev/a");
  EXPECT_EQ(source("/home"), "/dev/c");
  EXPECT_EQ(source("/home/ada/models"), "/dev/c");
  EXPECT_EQ(discovery::mount_of({}, "/home"), nullptr);
}

TEST(MemoryTexts, WithoutMemAvailableFreePagesCount) {
  const auto info = discovery::meminfo("MemTotal: 100 kB\nMemFree: 40 kB\n");
  EXPECT_EQ(info.total, 102400U);
  EXPECT_EQ(info.available, 40960U);
}

TEST(MemoryTexts, HugePagesCountWhereSomeAreSetAside) {
  EXPECT_EQ(discovery::meminfo("HugePages_Total: 0\nHugepagesize: 2048 kB\n").huge_page, 0U);
  const auto info = discovery::meminfo("HugePages_Total: 8\nHugePages_Free: 5\nHugepagesize: 2048 kB\n");
  EXPECT_EQ(info.huge_page, 2 * mib);
  EXPECT_EQ(info.huge_pages_free, 5U);
}

}  // namespace
}  // namespace berth::test
