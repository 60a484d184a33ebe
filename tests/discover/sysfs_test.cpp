// PCIe links and device nodes as the kernel shows them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

#include "as_nobody.h"
#include "discover/drivers/sysfs.h"
#include "discover/recorded_machine.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A GPU at the end of a path of PCI devices, each {address, vendor, speed, width}, as sysfs links to it.
std::optional<Link> link_behind(const std::vector<std::array<std::string, 4>>& path) {
  const RecordedMachine machine;
  std::string folder = "sys/devices/pci0000:00";
  for (const auto& [address, vendor, speed, width] : path) {
    folder += "/" + address;
    machine.write(folder + "/vendor", vendor + "\n");
    machine.write(folder + "/max_link_speed", speed + " GT/s PCIe\n");
    machine.write(folder + "/current_link_width", width + "\n");
  }
  machine.write(folder + "/class", "0x030000\n");
  const auto bus = machine.root() / "sys/bus/pci/devices";
  std::filesystem::create_directories(bus);
  std::filesystem::create_symlink("../../../" + folder.substr(4), bus / path.back()[0]);
  return discovery::pcie_link(discovery::pci_devices(machine.root()).at(0));
}

TEST(PcieLinks, AreThoseToTheSlotNotThoseInsideOfACard) {
  const auto navi = link_behind({{"0000:00:01.1", "0x1022", "32.0", "8"},
                                 {"0000:01:00.0", "0x1002", "16.0", "8"},
                                 {"0000:02:00.0", "0x1002", "16.0", "16"},
                                 {"0000:03:00.0", "0x1002", "16.0", "16"}});
  ASSERT_TRUE(navi);
  EXPECT_EQ(navi->detail, "PCIe 4.0 x8");
  const auto arc = link_behind({{"0000:00:01.0", "0x8086", "32.0", "16"},
                                {"0000:01:00.0", "0x8086", "16.0", "16"},
                                {"0000:02:01.0", "0x8086", "2.5", "1"},
                                {"0000:03:00.0", "0x8086", "2.5", "1"}});
  ASSERT_TRUE(arc);
  EXPECT_EQ(arc->detail, "PCIe 4.0 x16") << "not that of the root port, which is Intel's too";
  const auto behind_a_switch = link_behind({{"0000:00:01.0", "0x8086", "32.0", "16"},
                                            {"0000:01:00.0", "0x1000", "32.0", "16"},
                                            {"0000:02:00.0", "0x1000", "32.0", "16"},
                                            {"0000:03:00.0", "0x1002", "16.0", "16"}});
  ASSERT_TRUE(behind_a_switch);
  EXPECT_EQ(behind_a_switch->detail, "PCIe 4.0 x16");
  const auto alone = link_behind({{"0000:00:01.0", "0x8086", "32.0", "16"}, {"0000:01:00.0", "0x8086", "16.0", "4"}});
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->detail, "PCIe 4.0 x4");
}

TEST(DeviceNodes, AreForbiddenToOthersThanTheirGroup) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const RecordedMachine machine;
  machine.write("dev/kfd", "");
  const auto node = machine.root() / "dev/kfd";
  ASSERT_EQ(chown(node.c_str(), 0, 44), 0);  // "video" on Debian
  std::filesystem::permissions(node, std::filesystem::perms::owner_read | std::filesystem::perms::group_read);
  std::filesystem::permissions(machine.root().parent_path(), std::filesystem::perms::all);
  std::string why_not;
  EXPECT_TRUE(discovery::may_open(node, why_not));
  const test::AsNobody nobody;
  EXPECT_FALSE(discovery::may_open(node, why_not));
  EXPECT_THAT(why_not, AllOf(HasSubstr("dev/kfd"), HasSubstr("group"), HasSubstr("usermod")));
}

}  // namespace
}  // namespace berth::test
