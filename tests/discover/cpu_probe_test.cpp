#include <gmock/gmock.h>
#include <malloc.h>
#include <sched.h>
#include <sys/stat.h>

#include <thread>

#include "discover/host/cpu_probe.h"
#include "discover/host/disk_probe.h"
#include "discover/host/system_file.h"
#include "discover/host/usable.h"
#include "discover/host_machine.h"

namespace berth::test {
namespace {

using discovery::probe_cpu;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

/// What holds on each machine, however it is broken.
void expect_usable(const discovery::Findings& findings) {
  ASSERT_THAT(findings.devices, SizeIs(1));
  ASSERT_THAT(findings.pools, SizeIs(1));
  const auto& device = findings.devices[0];
  const auto& pool = findings.pools[0];
  ASSERT_TRUE(device.cpu);
  EXPECT_EQ(findings.report.outcome, ProbeOutcome::found);
  EXPECT_EQ(device.device, Device::cpu());
  EXPECT_EQ(device.pool, pool.id);
  EXPECT_EQ(device.total_bytes, pool.total_bytes);
  EXPECT_EQ(device.free_bytes, pool.free_bytes);
  EXPECT_LE(pool.free_bytes, pool.total_bytes);
  EXPECT_NE(device.name, "");
  EXPECT_GE(device.cpu->packages, 1);
  EXPECT_GE(device.cpu->usable_cores, 1);
  EXPECT_LE(device.cpu->usable_cores, device.cpu->cores);
  EXPECT_LE(device.cpu->cores, device.cpu->threads);
  EXPECT_LE(device.cpu->swap_free_bytes, device.cpu->swap_total_bytes);
  for (const auto& node : device.cpu->numa_nodes) EXPECT_LE(node.free_bytes, node.total_bytes);
}

int open_descriptors() { return static_cast<int>(discovery::names_in("/proc/self/fd").size()); }

TEST(CpuProbe, FindsThisMachine) {
  const auto findings = probe_cpu({});
  expect_usable(findings);
  EXPECT_GT(findings.pools[0].total_bytes, 0U);
  EXPECT_EQ(findings.devices[0].cpu->usable_cores, discovery::usable_cores());
  EXPECT_EQ(findings.pools[0].total_bytes, discovery::total_memory_bytes());
  EXPECT_GT(available_memory_bytes(), 0U);
}

TEST(CpuProbe, CountsTheProcessorsOfTheAffinityMaskOfTheThread) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int id = 0; id < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++id)
      if (CPU_ISSET(id, &before)) CPU_SET(id, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(discovery::usable_cores(), 1);
  }).join();
}

TEST(CpuProbe, CountsCoresNotTheirThreadsInAnAffinityMask) {
  const HostMachine machine("two_numa_nodes");  // the threads of core 3 are 3 and 43
  machine.write("proc/thread-self/status", "Cpus_allowed_list:\t3,43,4\nMems_allowed_list:\t0-1\n");
  EXPECT_EQ(probe_cpu(machine.files()).devices[0].cpu->usable_cores, 2);
}

TEST(CpuProbe, TakesOnlyTheMemoryOfNodesThatTheCpusetAllows) {
  const HostMachine machine("two_numa_nodes");
  machine.write("proc/thread-self/status", "Cpus_allowed_list:\t20-39,60-79\nMems_allowed_list:\t1\n");
  const auto findings = probe_cpu(machine.files());
  expect_usable(findings);
  EXPECT_EQ(findings.pools[0].total_bytes, 64 * gib);
  EXPECT_EQ(findings.pools[0].free_bytes, 58 * gib);
  EXPECT_EQ(findings.pools[0].limited_by, "cpuset, NUMA nodes 1");
  EXPECT_EQ(findings.devices[0].cpu->usable_cores, 20);
  EXPECT_EQ(findings.devices[0].cpu->numa_nodes.size(), 2U);
}

TEST(CpuProbe, LeavesTheMemoryOfACoherentGpuToIt) {
  const HostMachine machine("two_numa_nodes");
  machine.write("proc/driver/nvidia/gpus/0009:01:00.0/numa_status", "Node: 1\nStatus: online\n");
  const auto findings = probe_cpu(machine.files());
  expect_usable(findings);
  EXPECT_EQ(findings.pools[0].total_bytes, 192 * gib);
  EXPECT_EQ(findings.pools[0].limited_by, "NUMA nodes that are the memory of GPUs");
}

TEST(CpuProbe, RoundsAQuotaUpToWholeCores) {
  const HostMachine machine("container_limits");
  const auto cpu = *probe_cpu(machine.files()).devices[0].cpu;
  EXPECT_EQ(cpu.quota_cpus, 3.5);
  EXPECT_EQ(cpu.usable_cores, 4);
  EXPECT_EQ(cpu.cores, 16);
}

TEST(CpuProbe, AMachineWithoutFilesHasOneCpu) {
  const HostMachine machine("apple_laptop");
  std::filesystem::remove(machine.root().parent_path() / "topology.xml");
  const auto findings = probe_cpu(machine.files());
  expect_usable(findings);
  EXPECT_EQ(findings.devices[0].cpu->threads, 1);
  EXPECT_THAT(findings.report.notes,
              AllOf(Contains(HasSubstr("topology.xml")), Contains(HasSubstr("/proc/cpuinfo cannot be read")),
                    Contains(HasSubstr("/proc/meminfo cannot be read"))));
}

TEST(CpuProbe, WithoutATopologyEachProcessorCountsAsACore) {
  const HostMachine machine("container_limits");
  std::ofstream(machine.root().parent_path() / "topology.xml") << "<topology>";
  machine.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: A\n\nprocessor\t: 1\nmodel name\t: A\n");
  const auto findings = probe_cpu(machine.files());
  expect_usable(findings);
  EXPECT_EQ(findings.devices[0].name, "A");
  EXPECT_EQ(findings.devices[0].cpu->cores, 2);
  EXPECT_THAT(findings.report.notes, Contains(HasSubstr("each processor counts as a core")));
}

/// Every file of a machine in turn.
class SpoiledFiles : public testing::TestWithParam<const char*> {
 protected:
  template <class Spoil>
  void for_each_file(Spoil&& spoil) {
    const HostMachine machine(GetParam());
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(machine.root().parent_path()))
      if (entry.is_regular_file()) files.push_back(entry.path());
    ASSERT_GT(files.size(), 5U);
    for (const auto& file : files) {
      const auto kept = file.string() + ".kept";
      std::filesystem::rename(file, kept);
      SCOPED_TRACE(file);
      spoil(file);
      expect_usable(probe_cpu(machine.files()));
      for (const auto& info : discovery::probe_disk(machine.files({"/models", "/"})).devices)
        EXPECT_LE(info.free_bytes, info.total_bytes);
      std::filesystem::remove_all(file);
      std::filesystem::rename(kept, file);
    }
  }

  static void fill(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }
};

TEST_P(SpoiledFiles, ThatAreMissingAreReported) {
  for_each_file([](const auto&) {});
}
TEST_P(SpoiledFiles, ThatAreEmptyAreReported) {
  for_each_file([](const auto& file) { fill(file, ""); });
}
TEST_P(SpoiledFiles, ThatAreFoldersAreReported) {
  for_each_file([](const auto& file) { std::filesystem::create_directory(file); });
}
TEST_P(SpoiledFiles, ThatWouldBlockAreNotOpened) {
  for_each_file([](const auto& file) { ASSERT_EQ(mkfifo(file.c_str(), 0600), 0); });
}
TEST_P(SpoiledFiles, ThatAreDevicesAreNotOpened) {
  for_each_file([](const auto& file) { std::filesystem::create_symlink("/dev/zero", file); });
}
TEST_P(SpoiledFiles, ThatAreLoopsAreReported) {
  for_each_file([](const auto& file) { std::filesystem::create_symlink(file.filename(), file); });
}
TEST_P(SpoiledFiles, ThatHoldNumbersOutOfRangeAreReported) {
  for (const char* text : {"-1", "max", "99999999999999999999999999", "18446744073709551615", "0", "-0-5,7-"})
    for_each_file([&](const auto& file) { fill(file, std::string(text) + "\n"); });
}
TEST_P(SpoiledFiles, ThatHoldBytesAreReported) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 37);
  for_each_file([&](const auto& file) { fill(file, bytes); });
}
INSTANTIATE_TEST_SUITE_P(, SpoiledFiles, testing::Values("container_limits", "container_cgroup_v1"),
                         [](const auto& machine) { return std::string(machine.param); });

TEST(CpuProbe, ReadsOnlyTheStartOfHugeFiles) {
  const HostMachine machine("broken_driver");
  for (const char* name : {"proc/cpuinfo", "proc/meminfo", "proc/self/cgroup", "proc/self/mountinfo"})
    std::filesystem::resize_file(machine.root() / name, std::uintmax_t{1} << 40);  // sparse
  expect_usable(probe_cpu(machine.files()));
}

TEST(CpuProbe, AMemoryTableOfNonsenseLeavesTheTopologysMemory) {
  const HostMachine machine("broken_driver");
  machine.write("proc/meminfo", "MemTotal: -5 kB\nMemAvailable: 99999999999999999999 kB\nSwapFree: 7 kB\n");
  const auto findings = probe_cpu(machine.files());
  expect_usable(findings);
  EXPECT_GT(findings.pools[0].total_bytes, 15 * gib);
  EXPECT_THAT(findings.report.notes, ElementsAre(HasSubstr("/proc/meminfo has no MemTotal")));
}

TEST(CpuProbe, RepeatedRunsLeaveNothingOpenAndNoMemory) {
  for (int i = 0; i < 10; ++i) probe_cpu({});
  discovery::probe_disk({});
  const int files = open_descriptors();
  const auto bytes = mallinfo2().uordblks;
  for (int i = 0; i < 200; ++i) {
    probe_cpu({});
    discovery::probe_disk({});
  }
  EXPECT_EQ(open_descriptors(), files);
  EXPECT_LT(mallinfo2().uordblks, bytes + (64 << 10));
}

}  // namespace
}  // namespace berth::test
