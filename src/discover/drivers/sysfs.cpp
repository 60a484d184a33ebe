#include "discover/drivers/sysfs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <sstream>

#include "discover/host/system_file.h"

namespace berth::discovery {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  if (!text.starts_with("0x")) return to_number(text);
  std::uint64_t value = 0;
  const auto end = text.data() + text.size();
  const auto outcome = std::from_chars(text.data() + 2, end, value, 16);
  if (outcome.ec != std::errc() || outcome.ptr != end) return std::nullopt;
  return value;
}

bool natural_less(const std::string& a, const std::string& b) {
  const auto number_a = to_number(a);
  const auto number_b = to_number(b);
  if (number_a && number_b && number_a != number_b) return number_a < number_b;
  return a < b;
}

/// Cards of AMD and Intel have a switch of their own: the link of the GPU ends there, and that of the port above is the
/// one to the slot. A root port, which has no PCI device above, is not of the card.
std::filesystem::path port_to_slot(const PciDevice& device) {
  std::error_code error;
  auto port = std::filesystem::canonical(device.folder, error);
  if (error) return device.folder;
  while (file_number(port.parent_path() / "vendor") == device.vendor &&
         file_number(port.parent_path().parent_path() / "vendor"))
    port = port.parent_path();
  return port;
}

}  // namespace

std::optional<std::uint64_t> file_number(const std::filesystem::path& path) { return number(first_line(path)); }

std::map<std::string, std::uint64_t> file_properties(const std::filesystem::path& path) {
  std::map<std::string, std::uint64_t> properties;
  const auto text = read_system_file(path, 1 << 16).value_or("");
  for (const auto line : lines(text)) {
    const auto parts = words(line);
    if (parts.size() != 2) continue;
    if (const auto value = number(parts[1])) properties.emplace(parts[0], *value);
  }
  return properties;
}

std::vector<std::filesystem::path> folder_entries(const std::filesystem::path& folder) {
  auto names = names_in(folder);
  std::sort(names.begin(), names.end(), natural_less);
  std::vector<std::filesystem::path> entries;
  for (const auto& name : names) entries.push_back(folder / name);
  return entries;
}

std::string PciDevice::str() const {
  return fmt::format("{:04x}:{:04x} at {} ({})", vendor, device, id,
                     driver.empty() ? "no kernel driver" : "kernel driver " + driver);
}

std::vector<PciDevice> pci_devices(const std::filesystem::path& root) {
  std::vector<PciDevice> devices;
  for (const auto& folder : folder_entries(root / "sys/bus/pci/devices")) {
    PciDevice device;
    device.device_class = static_cast<std::uint32_t>(file_number(folder / "class").value_or(0));
    if (!device.is_display() && !device.is_accelerator()) continue;
    device.id = folder.filename().string();
    device.vendor = static_cast<std::uint16_t>(file_number(folder / "vendor").value_or(0));
    device.device = static_cast<std::uint16_t>(file_number(folder / "device").value_or(0));
    std::error_code error;
    device.driver = std::filesystem::read_symlink(folder / "driver", error).filename().string();
    if (const auto node = file_number(folder / "numa_node"))  // -1, where the machine has none, is no number here
      device.numa_node = static_cast<int>(std::min<std::uint64_t>(*node, 1 << 16));
    device.folder = folder;
    devices.push_back(std::move(device));
  }
  return devices;
}

std::vector<PciDevice> pci_devices(const std::filesystem::path& root, std::uint16_t vendor) {
  auto devices = pci_devices(root);
  std::erase_if(devices, [&](const PciDevice& device) { return device.vendor != vendor; });
  return devices;
}

std::string str(const std::vector<PciDevice>& devices) {
  std::string text;
  for (const auto& device : devices) text += (text.empty() ? "" : ", ") + device.str();
  return text;
}

std::optional<Link> pcie_link(const PciDevice& device) {
  const auto port = port_to_slot(device);
  // Its slowest state is the current one while it idles: the speed is what it can do, the width what it was given.
  std::istringstream speed(first_line(port / "max_link_speed"));  // "32.0 GT/s PCIe"
  double transfers = 0;
  const auto lanes = file_number(port / "current_link_width").value_or(0);
  if (!(speed >> transfers) || lanes == 0 || lanes > 32) return std::nullopt;
  static constexpr std::array<double, 6> of_generation{2.5, 5, 8, 16, 32, 64};
  const auto* generation = std::find(of_generation.begin(), of_generation.end(), transfers);
  if (generation == of_generation.end()) return std::nullopt;
  const auto number = generation - of_generation.begin() + 1;
  const double coding = number < 3 ? 8.0 / 10 : number < 6 ? 128.0 / 130 : 242.0 / 256;
  Link link;
  link.from = device.numa_node ? fmt::format("numa:{}", *device.numa_node) : "cpu";
  link.bytes_per_s = transfers * 1e9 * coding / 8 * static_cast<double>(lanes);
  link.detail = fmt::format("PCIe {}.0 x{}", number, lanes);
  return link;
}

bool may_open(const std::filesystem::path& node, std::string& why_not) {
  if (faccessat(AT_FDCWD, node.c_str(), R_OK | W_OK, AT_EACCESS) == 0) return true;
  if (errno != EACCES && errno != EPERM) {
    why_not = fmt::format("{} is not there; a container is given it by --device {}", node.string(), node.string());
    return false;
  }
  struct stat status {};
  std::string group = "its group";
  if (stat(node.c_str(), &status) == 0) {
    std::array<char, 4096> buffer;
    struct group entry {};
    struct group* found = nullptr;
    group = getgrgid_r(status.st_gid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr
                ? fmt::format("the group {}", found->gr_name)
                : fmt::format("the group {}, which has no name here", status.st_gid);
  }
  why_not =
      fmt::format("{} may not be read and written by this user; being in {} allows it (usermod -aG, then a new login)",
                  node.string(), group);
  return false;
}

}  // namespace berth::discovery
