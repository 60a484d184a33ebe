/// What an environment variable leaves of a machine's devices, as the driver that reads it would decide. Pure: for
/// sources that see all hardware (sysfs, NVML), and to tell what is hidden.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::discovery {

/// A device before any variable is applied. `parts` are MIG instances (CUDA) or tiles (Level Zero).
struct PhysicalDevice {
  std::string name = {};
  std::string uuid = {};       ///< "GPU-4f1c...", "MIG-9a0b..."
  std::string pci_id = {};     ///< "0000:65:00.0"
  std::string legacy_id = {};  ///< of a MIG instance: "MIG-GPU-4f1c.../7/0"
  std::string type = "gpu";    ///< as ONEAPI_DEVICE_SELECTOR names it: "gpu", "cpu", "npu"
  double speed = 0;            ///< in any unit: what CUDA_DEVICE_ORDER=FASTEST_FIRST orders by
  std::vector<PhysicalDevice> parts = {};

  bool operator==(const PhysicalDevice&) const = default;
};

struct VisibleDevice {
  std::size_t index;                     ///< in the list that was given
  std::optional<std::size_t> part = {};  ///< of its parts; none: all of the device

  auto operator<=>(const VisibleDevice&) const = default;
};

struct Visibility {
  std::vector<VisibleDevice> devices = {};  ///< in the order of their new indices
  std::vector<std::string> notes = {};      ///< what is hidden, and entries that have no effect, for a person
};

/// HIP reads CUDA_VISIBLE_DEVICES too, by its own rule.
enum class VariableReader { its_own, hip };

/// `variable` is one of CUDA_VISIBLE_DEVICES, HIP_VISIBLE_DEVICES, ROCR_VISIBLE_DEVICES, ZE_AFFINITY_MASK (with
/// ZE_FLAT_DEVICE_HIERARCHY=COMPOSITE; see flat()), ONEAPI_DEVICE_SELECTOR (its Level Zero part) and
/// GGML_VK_VISIBLE_DEVICES; another one hides nothing. Where variables follow one another, the second sees what the
/// first one left. Never throws on a value: what is not understood is a note.
Visibility visible(const std::vector<PhysicalDevice>& devices, std::string_view variable, std::string_view value,
                   VariableReader by = VariableReader::its_own);

/// The order of CUDA's indices under a value of CUDA_DEVICE_ORDER: positions in `devices`. By default the fastest
/// first, which is an estimate: NVIDIA does not publish the rule.
std::vector<std::size_t> cuda_order(const std::vector<PhysicalDevice>& devices, std::string_view order);

/// Each tile as a device of its own, as Level Zero lists them unless ZE_FLAT_DEVICE_HIERARCHY is COMPOSITE.
std::vector<PhysicalDevice> flat(const std::vector<PhysicalDevice>& devices);

}  // namespace berth::discovery
