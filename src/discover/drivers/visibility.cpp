#include "discover/drivers/visibility.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <sstream>

#include "text/nearest.h"
#include "text/printable.h"
#include "text/trimmed.h"

namespace berth::discovery {
namespace {

using Devices = std::vector<PhysicalDevice>;

constexpr std::size_t most_shown = 100;  // characters of a value, in a note

/// "a,b" is two entries, "" is none.
std::vector<std::string_view> entries_of(std::string_view value, char separator = ',') {
  std::vector<std::string_view> entries;
  while (!value.empty()) {
    const auto end = value.find(separator);
    entries.push_back(trimmed(value.substr(0, end)));
    if (end == std::string_view::npos) break;
    value.remove_prefix(end + 1);
    if (value.empty()) entries.emplace_back();
  }
  return entries;
}

/// The number that `text` is.
std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The number that `text` begins with, as strtoul sees it: CUDA takes "1gpu" for 1.
std::optional<std::size_t> leading_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return number(text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size())));
}

bool contains(const std::vector<VisibleDevice>& devices, const VisibleDevice& device) {
  return std::find(devices.begin(), devices.end(), device) != devices.end();
}

std::string label(const PhysicalDevice& device) {
  const std::string& id = device.uuid.empty() ? device.pci_id : device.uuid;
  return printable(device.name.empty() ? "a device" : device.name) + (id.empty() ? "" : " (" + printable(id) + ")");
}

/// Every device and part whose UUID begins with `text`, without regard to case. A MIG instance also goes by its older
/// name, as a whole.
std::vector<VisibleDevice> by_uuid(const Devices& devices, std::string_view text) {
  const std::string wanted = lower(text);
  std::vector<VisibleDevice> found;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (lower(devices[i].uuid).starts_with(wanted)) found.push_back({i});
    for (std::size_t part = 0; part < devices[i].parts.size(); ++part) {
      const auto& instance = devices[i].parts[part];
      if (lower(instance.uuid).starts_with(wanted) || lower(instance.legacy_id) == wanted) found.push_back({i, part});
    }
  }
  return found;
}

/// A GPU in MIG mode computes only in its instances, and CUDA takes the first of them.
VisibleDevice as_cuda_runs(const Devices& devices, VisibleDevice device) {
  if (!device.part && !devices[device.index].parts.empty()) device.part = 0;
  return device;
}

struct Reader {
  const Devices& devices;
  std::string setting;  ///< "CUDA_VISIBLE_DEVICES=1", for notes
  Visibility result = {};

  void note(std::string_view entry, std::string_view why) {
    constexpr std::size_t enough = 16;
    if (result.notes.size() < enough)
      result.notes.push_back(setting + ": '" + printable(entry, most_shown) + "' " + std::string(why));
  }

  enum class Kind { index, gpu, mig };

  /// CUDA: indices, UUIDs of GPUs, or UUIDs of MIG instances. What is invalid ends the list.
  void cuda(std::string_view value) {
    const auto entries = entries_of(value);
    const auto kind_of = [](std::string_view entry) {
      if (entry.starts_with("GPU-")) return Kind::gpu;
      return entry.starts_with("MIG-") ? Kind::mig : Kind::index;
    };
    for (const auto entry : entries) {
      std::optional<VisibleDevice> device;
      const auto kind = kind_of(entry);
      if (kind != kind_of(entries[0])) {
        // The first entry decides; as PyTorch reads it, one of another kind ends the list.
      } else if (kind != Kind::index) {
        const auto found = entry.size() > 4 ? by_uuid(devices, entry) : std::vector<VisibleDevice>();
        if (found.size() == 1) device = found[0];
        if (found.size() > 1) return note(entry, "is the beginning of several UUIDs: it hides itself and what follows");
      } else if (const auto index = leading_number(entry); index && *index < devices.size()) {
        device = VisibleDevice{*index};
      }
      if (!device) {
        if (entry != "-1" && entry != "NoDevFiles") note(entry, "is no device here: it hides itself and what follows");
        return;
      }
      *device = as_cuda_runs(devices, *device);
      if (contains(result.devices, *device)) {
        result.devices.clear();
        return note(entry, "is there twice: nothing is visible");
      }
      result.devices.push_back(*device);
    }
  }

  /// HIP, in Device::init() of ROCclr: indices as it writes them itself and parts of UUIDs, in any mixture. What is
  /// invalid ends the list, what comes again counts once, and an empty value is none.
  void hip(std::string_view value) {
    if (value.empty()) return everything();
    for (std::size_t start = 0; start < value.size();) {
      const auto entry = value.substr(start, value.find(',', start) - start);
      start += entry.size() + 1;
      const auto device = std::ranges::find_if(devices, [&](const PhysicalDevice& each) {
        return entry == std::to_string(&each - devices.data()) ||
               (entry.find("GPU-") != entry.npos && each.uuid.find(entry) != each.uuid.npos);
      });
      if (device == devices.end() && entry == "-1") return;
      if (device == devices.end()) return note(entry, "is no device here: it hides itself and what follows");
      const VisibleDevice visible{static_cast<std::size_t>(device - devices.begin())};
      if (!contains(result.devices, visible)) result.devices.push_back(visible);
    }
  }

  /// ROCr: indices and UUIDs may stand side by side. What is invalid or comes again ends the list.
  void rocr(std::string_view value) {
    for (const auto entry : entries_of(value)) {
      std::optional<VisibleDevice> device;
      if (entry.starts_with("GPU-")) {
        const auto found = by_uuid(devices, entry);
        if (found.size() == 1) device = found[0];
      } else if (const auto index = number(entry); index && *index < devices.size()) {
        device = VisibleDevice{*index};
      }
      if (!device && entry == "-1") return;
      if (!device) return note(entry, "is no device here: it hides itself and what follows");
      if (contains(result.devices, *device)) return note(entry, "is there twice: what follows is hidden");
      result.devices.push_back(*device);
    }
  }

  /// Level Zero: a set of devices and of their tiles; the order stays that of the machine.
  void level_zero(std::string_view value) {
    if (trimmed(value).empty()) return everything();
    for (const auto entry : entries_of(value)) {
      const auto dot = entry.find('.');
      const auto index = number(entry.substr(0, dot));
      const auto part = dot == std::string_view::npos ? std::nullopt : number(entry.substr(dot + 1));
      const bool exists = index && *index < devices.size() &&
                          (dot == std::string_view::npos || (part && *part < devices[*index].parts.size()));
      if (!exists) {
        note(entry, "is no device here");
      } else if (const VisibleDevice device{*index, part}; !contains(result.devices, device)) {
        result.devices.push_back(device);
      }
    }
    std::sort(result.devices.begin(), result.devices.end());
    // All of a device includes its tiles.
    std::erase_if(result.devices,
                  [&](const VisibleDevice& device) { return device.part && contains(result.devices, {device.index}); });
  }

  /// SYCL: "level_zero:0,1", "*:gpu". What cannot be told without SYCL leaves all visible.
  void oneapi(std::string_view value) {
    if (trimmed(value).empty()) return everything();
    std::vector<bool> chosen(devices.size());
    for (const auto term : entries_of(value, ';')) {
      const auto colon = term.find(':');
      const std::string backend = lower(term.substr(0, colon));
      if (colon == std::string_view::npos || backend.starts_with('!') || backend.empty()) return too_complex(term);
      if (backend != "level_zero" && backend != "*") continue;
      for (const auto entry : entries_of(term.substr(colon + 1))) {
        const std::string kind = lower(entry);
        if (kind == "*" || kind == "gpu" || kind == "cpu" || kind == "npu") {
          for (std::size_t i = 0; i < devices.size(); ++i)
            if (kind == "*" || devices[i].type == kind) chosen[i] = true;
        } else if (const auto index = number(entry)) {
          if (*index < devices.size())
            chosen[*index] = true;
          else
            note(entry, "is no device here");
        } else {
          return too_complex(entry);
        }
      }
    }
    for (std::size_t i = 0; i < devices.size(); ++i)
      if (chosen[i]) result.devices.push_back({i});
  }

  /// ggml reads numbers, with commas or blanks between them, up to the first thing that is none, and gives up Vulkan on
  /// one that is out of range, as a negative one is to it.
  void ggml_vulkan(std::string value) {
    std::ranges::replace(value, ',', ' ');
    std::istringstream numbers(value);
    std::size_t index = 0, start = 0;
    while (numbers >> index) {
      const auto end = numbers.eof() ? value.size() : static_cast<std::size_t>(numbers.tellg());
      if (index >= devices.size()) {
        result.devices.clear();
        return note(trimmed(std::string_view(value).substr(start, end - start)),
                    "is no device here: llama.cpp gives up Vulkan");
      }
      result.devices.push_back({index});
      start = end;
    }
    const auto rest = trimmed(std::string_view(value).substr(start));
    if (!rest.empty()) note(rest, "is no number: what follows is hidden");
  }

  void too_complex(std::string_view entry) {
    note(entry, "is left to SYCL: which devices it hides is not known here");
    everything();
  }

  void everything() {
    result.devices.clear();
    for (std::size_t i = 0; i < devices.size(); ++i) result.devices.push_back({i});
  }

  void tell_what_is_hidden() {
    for (std::size_t i = 0; i < devices.size(); ++i) {
      const auto shows = [&](std::optional<std::size_t> part) { return contains(result.devices, {i, part}); };
      if (shows({})) continue;
      bool any = false;
      for (std::size_t part = 0; part < devices[i].parts.size(); ++part) any = any || shows(part);
      if (!any) result.notes.push_back(setting + " hides " + label(devices[i]));
      for (std::size_t part = 0; any && part < devices[i].parts.size(); ++part)
        if (!shows(part)) result.notes.push_back(setting + " hides " + label(devices[i].parts[part]));
    }
  }
};

}  // namespace

Visibility visible(const Devices& devices, std::string_view variable, std::string_view value, VariableReader by) {
  Reader reader{devices, std::string(variable) + '=' + (value.empty() ? "\"\"" : printable(value, most_shown))};
  if (variable == "HIP_VISIBLE_DEVICES" || (variable == "CUDA_VISIBLE_DEVICES" && by == VariableReader::hip))
    reader.hip(value);
  else if (variable == "CUDA_VISIBLE_DEVICES")
    reader.cuda(value);
  else if (variable == "ROCR_VISIBLE_DEVICES")
    reader.rocr(value);
  else if (variable == "ZE_AFFINITY_MASK")
    reader.level_zero(value);
  else if (variable == "ONEAPI_DEVICE_SELECTOR")
    reader.oneapi(value);
  else if (variable == "GGML_VK_VISIBLE_DEVICES")
    reader.ggml_vulkan(std::string(value));
  else
    reader.everything();
  reader.tell_what_is_hidden();
  return std::move(reader.result);
}

std::vector<std::size_t> cuda_order(const Devices& devices, std::string_view order) {
  std::vector<std::size_t> positions(devices.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::stable_sort(positions.begin(), positions.end(),
                   [&](std::size_t a, std::size_t b) { return devices[a].pci_id < devices[b].pci_id; });
  if (order != "PCI_BUS_ID") {
    // The fastest comes first; the others stay in the order of the bus.
    const auto fastest = std::max_element(positions.begin(), positions.end(), [&](std::size_t a, std::size_t b) {
      return devices[a].speed < devices[b].speed;
    });
    if (fastest != positions.end()) std::rotate(positions.begin(), fastest, fastest + 1);
  }
  return positions;
}

std::vector<PhysicalDevice> flat(const Devices& devices) {
  Devices tiles;
  for (const auto& device : devices)
    if (device.parts.empty())
      tiles.push_back(device);
    else
      tiles.insert(tiles.end(), device.parts.begin(), device.parts.end());
  return tiles;
}

}  // namespace berth::discovery
