#include "inventory/topology.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/error.h"
#include "discover/recorded_machine.h"
#include "text/file.h"

namespace berth::test {
namespace {

using namespace discovery;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(TopologyFindings, OfADescription) {
  const auto topology = topology_from_description(
      "package:2 [numa(memory=8589934592)] l3:1(size=33554432) l2:4(size=1048576) l1d:1(size=32768) core:1 pu:2");
  const auto found = findings_of_topology(topology.get());
  const auto& cpu = *found.devices[0].cpu;
  EXPECT_EQ(cpu.packages, 2);
  EXPECT_EQ(cpu.cores, 8);
  EXPECT_EQ(cpu.threads, 16);
  EXPECT_THAT(cpu.numa_nodes, SizeIs(2));
  EXPECT_EQ(cpu.numa_nodes[1].cores, 4);
  EXPECT_THAT(cpu.caches, ElementsAre(CpuCache{1, 32 << 10, 8}, CpuCache{2, 1 << 20, 8}, CpuCache{3, 32 << 20, 2}));
  EXPECT_EQ(found.pools[0].total_bytes, found.devices[0].total_bytes);
  EXPECT_EQ(found.pools[0].total_bytes, std::uint64_t{16} << 30);
}

TEST(TopologyFindings, WithoutCoresEachProcessorIsOne) {
  const auto found = findings_of_topology(topology_from_description("pu:4").get());
  EXPECT_EQ(found.devices[0].cpu->cores, 4);
  EXPECT_EQ(found.devices[0].name, "CPU");
}

TEST(TopologyFindings, AreThoseOfThreadsWithoutAWordWhereTheKernelTellsNothing) {
  testing::internal::CaptureStderr();
  const pid_t child = fork();
  if (child == 0) {
    constexpr int not_permitted = 77;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || mount("none", "/sys", "tmpfs", 0, nullptr) != 0)
      _exit(not_permitted);
    _exit(findings_of_topology(topology_of_this_machine().get()).devices[0].cpu->threads > 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const auto printed = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "a namespace of its own is not permitted";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(printed, "");
}

TEST(TopologyFindings, LinksStandWhereDistancesDiffer) {
  const auto folder = std::filesystem::path(BERTH_TEST_DATA_DIR) / "machines";
  const auto two = numa_links(topology_from_xml(folder / "two_numa_nodes/topology.xml").get());
  ASSERT_THAT(two, SizeIs(1));
  EXPECT_EQ(
      two[0],
      (Link{.from = "numa:0", .to = "numa:1", .kind = LinkKind::memory, .detail = "distance 21 (10 within the node)"}));
  EXPECT_THAT(numa_links(topology_from_xml(folder / "server_mig/topology.xml").get()), IsEmpty());
  EXPECT_THAT(numa_links(topology_from_description("numa:2 pu:2").get()), IsEmpty());
}

TEST(TopologyFindings, DescriptionsThatAreNoneOrTooLargeAreRefused) {
  for (const char* text : {"", "nonsense", "package:0", "core:-2", "package:2 core:99999999", "pu:65537",
                           "numa:300 core:300 pu:2", "99999999999999999999999"})
    EXPECT_THROW(topology_from_description(text), std::invalid_argument) << text;
}

TEST(TopologyFindings, FilesThatAreNoTopologyAreRefused) {
  const RecordedMachine folder;
  const auto file = folder.root() / "topology.xml";
  EXPECT_THROW(topology_from_xml(file), std::filesystem::filesystem_error);
  for (const char* text : {"", "<", "<topology/>", "<topology version=\"2.0\"><object/></topology>",
                           "\x7f"
                           "ELF"}) {
    folder.write("topology.xml", text);
    EXPECT_THROW(topology_from_xml(file), FormatError) << text;
  }
}

TEST(TopologyFindings, AFileMayHaveOtherLineEndsAndAByteOrderMark) {
  const auto source = std::filesystem::path(BERTH_TEST_DATA_DIR) / "machines/two_numa_nodes/topology.xml";
  const auto expected = cpu_info(topology_from_xml(source).get());
  const auto text = read_text_file(source, 1 << 20);
  const RecordedMachine folder;
  const auto same_with = [&](std::string_view start, std::string_view line_end) {
    std::string changed(start);
    for (const char c : text) c == '\n' ? changed += line_end : changed += c;
    folder.write("topology.xml", changed);
    return cpu_info(topology_from_xml(folder.root() / "topology.xml").get()) == expected;
  };
  EXPECT_TRUE(same_with("", "\r\n"));
  EXPECT_TRUE(same_with("", "\r"));
  EXPECT_TRUE(same_with("\xEF\xBB\xBF", "\n"));
}

TEST(TopologyFindings, SayWhereAFileIsCutOff) {
  const auto source = std::filesystem::path(BERTH_TEST_DATA_DIR) / "machines/two_numa_nodes/topology.xml";
  const RecordedMachine folder;
  folder.write("topology.xml", read_text_file(source, 1 << 20).substr(0, 1000));
  try {
    topology_from_xml(folder.root() / "topology.xml");
    FAIL() << "was read";
  } catch (const FormatError& error) {
    EXPECT_EQ(error.offset(), 1000U);
    EXPECT_THAT(error.what(), testing::HasSubstr("found the end of the file, expected </topology>"));
  }
}

}  // namespace
}  // namespace berth::test
