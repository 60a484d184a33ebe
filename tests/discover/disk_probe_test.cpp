#include "discover/host/disk_probe.h"

#include <gmock/gmock.h>

#include "discover/host/disk_speed.h"
#include "discover/host_machine.h"

namespace berth::test {
namespace {

using discovery::probe_disk;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(DiskProbe, FindsTheFileSystemOfAFolderOfThisMachine) {
  const RecordedMachine scratch;
  const auto found = probe_disk({.folders = {scratch.root(), scratch.root() / "not/there/yet"}});
  ASSERT_THAT(found.devices, SizeIs(2));
  EXPECT_EQ(found.devices[0].device, Device::disk());
  EXPECT_EQ(found.devices[1].device.str(), "disk:1");
  EXPECT_EQ(found.devices[0].pool, found.devices[1].pool);
  EXPECT_GT(found.devices[0].total_bytes, 0U);
  EXPECT_EQ(found.devices[0].total_bytes, found.devices[1].total_bytes);
  EXPECT_THAT(found.pools, SizeIs(1));
}

TEST(DiskProbe, FollowsLinksOfThisMachine) {
  const RecordedMachine scratch;
  std::filesystem::create_directory_symlink("/proc", scratch.root() / "link");
  const auto found = probe_disk({.folders = {scratch.root() / "link"}});
  ASSERT_THAT(found.devices, SizeIs(1));
  EXPECT_EQ(found.devices[0].disk->file_system, "proc");
}

TEST(DiskProbe, WithoutFoldersTheCacheOfBerthIsMeant) {
  const HostMachine machine("workstation_two_gpus");
  auto files = machine.files();
  const auto mount_point = [&] { return probe_disk(files).devices.at(0).disk->mount_point; };
  EXPECT_EQ(mount_point(), "/home");
  files.environment = {{"HOME", "/home/ada"}, {"XDG_CACHE_HOME", "/data/cache"}};
  EXPECT_EQ(mount_point(), "/data");
  files.environment = {};
  EXPECT_EQ(mount_point(), "/");
}

TEST(DiskProbe, SubvolumesOfOneFileSystemAreOnePool) {
  const HostMachine machine("workstation_two_gpus");
  const auto found = probe_disk(machine.files({"/home/ada", "/srv/models", "/"}));
  ASSERT_THAT(found.devices, SizeIs(3));
  EXPECT_EQ(found.devices[0].pool, found.devices[1].pool);
  EXPECT_NE(found.devices[0].pool, found.devices[2].pool);
  EXPECT_THAT(found.pools, SizeIs(2));
}

TEST(DiskProbe, DisksTurnWhereOneOfTheirPartsDoes) {
  const HostMachine machine("workstation_two_gpus");
  const auto turns = [&](const char* folder) {
    return probe_disk(machine.files({folder})).devices.at(0).disk->rotational;
  };
  EXPECT_EQ(turns("/"), false);      // a partition
  EXPECT_EQ(turns("/home"), false);  // btrfs, by its source
  EXPECT_EQ(turns("/data"), true);   // an array
  machine.write("sys/devices/disks/sda/queue/rotational", "0\n");
  EXPECT_EQ(turns("/data"), true);  // by its other disk
  machine.write("sys/devices/disks/sdb/queue/rotational", "perhaps\n");
  EXPECT_EQ(turns("/data"), false);
}

TEST(DiskProbe, DataSetsOfOneZfsPoolShareWhatIsFree) {
  const HostMachine machine("two_numa_nodes");
  machine.write("proc/self/mountinfo",
                "30 1 0:41 / /tank/models rw - zfs tank/models rw\n31 1 0:42 / /tank/cache rw - zfs tank/cache rw\n"
                "32 1 0:43 / /other rw - zfs other rw\n");
  std::ofstream(machine.root().parent_path() / "file_systems.txt")
      << "/tank/models 100 40\n/tank/cache 90 40\n/other 7 7\n";
  const auto found = probe_disk(machine.files({"/tank/models", "/tank/cache", "/other"}));
  ASSERT_THAT(found.devices, SizeIs(3));
  EXPECT_EQ(found.devices[0].pool, found.devices[1].pool);
  EXPECT_THAT(found.pools, SizeIs(2));
}

TEST(DiskProbe, AStackThatContainsItselfEnds) {
  const HostMachine machine("workstation_two_gpus");
  std::filesystem::remove_all(machine.root() / "sys/devices/virtual/block/md0/slaves");
  std::filesystem::create_directories(machine.root() / "sys/devices/virtual/block/md0/slaves");
  std::filesystem::create_directory_symlink("../../md0", machine.root() / "sys/devices/virtual/block/md0/slaves/md0");
  EXPECT_EQ(probe_disk(machine.files({"/data"})).devices.at(0).disk->rotational, std::nullopt);
}

TEST(DiskProbe, WhatIsInMemoryTakesFromRam) {
  const HostMachine machine("laptop_integrated_gpu");
  const auto found = probe_disk(machine.files({"/tmp/x", "/dev/shm"}));
  ASSERT_THAT(found.devices, SizeIs(2));
  for (const auto& info : found.devices) {
    EXPECT_EQ(info.pool, "ram");
    EXPECT_THAT(info.note, HasSubstr("in memory"));
  }
  ASSERT_THAT(found.pools, SizeIs(1));
  EXPECT_EQ(found.pools[0].kind, PoolKind::host);
}

TEST(DiskProbe, AMachineWithoutMountsFails) {
  const HostMachine machine("apple_laptop");
  const auto found = probe_disk(machine.files());
  EXPECT_EQ(found.report.outcome, ProbeOutcome::failed);
  EXPECT_THAT(found.report.message, HasSubstr("/proc/self/mountinfo"));
  EXPECT_THAT(found.devices, IsEmpty());
}

/// Of so many MiB, however busy the machine is.
discovery::ReadLimits patient(std::uint64_t mib) { return {.bytes = mib << 20, .time = std::chrono::minutes(1)}; }

TEST(DiskSpeed, OfAFolderLeavesNothingThere) {
  const RecordedMachine scratch;
  const auto speed = discovery::measure_read(scratch.root(), patient(8));
  EXPECT_GT(speed.bytes_per_s, 0);
  EXPECT_EQ(speed.bytes, 8U << 20);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.root()));
}

TEST(DiskSpeed, OfAFileReadsNoMoreThanItHas) {
  const RecordedMachine scratch;
  scratch.write("model", std::string((5 << 20) + 17, 'x'));
  EXPECT_EQ(discovery::measure_read(scratch.root() / "model", patient(64)).bytes, (5U << 20) + 17);
  EXPECT_EQ(discovery::measure_read(scratch.root() / "model", patient(1)).bytes, 1U << 20);
}

TEST(DiskSpeed, InMemoryGoesByWayOfTheCache) {
  if (!std::filesystem::exists("/dev/shm")) GTEST_SKIP() << "no /dev/shm here";
  EXPECT_EQ(discovery::measure_read("/dev/shm", patient(4)).bytes, 4U << 20);
}

TEST(DiskSpeed, WhatCannotBeReadIsAnError) {
  const RecordedMachine scratch;
  EXPECT_THROW(discovery::measure_read(scratch.root() / "none"), std::filesystem::filesystem_error);
  EXPECT_THROW(discovery::measure_read("/dev/zero"), std::filesystem::filesystem_error);
  EXPECT_THROW(discovery::measure_read("/proc"), std::filesystem::filesystem_error);
}

}  // namespace
}  // namespace berth::test
