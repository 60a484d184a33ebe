/// The vocabulary: a device, a map of devices, and what a component is given (one device or one map).
///
/// Names, texts of errors and serialized forms are those of Haystack 2.x (`haystack.utils.device`); the types
/// vulkan, npu and rpc are Berth's own. Conversions to the forms of engines are in berth/convert.h.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "berth/ordered_map.h"
#include "berth/value.h"

namespace berth {

/// The kinds of device. An AMD GPU under ROCm is `cuda`, as in PyTorch.
enum class DeviceType : std::uint8_t { cpu, cuda, disk, mps, xpu, vulkan, npu, rpc };

/// All of them, in order.
inline constexpr std::array all_device_types = {DeviceType::cpu, DeviceType::cuda,   DeviceType::disk, DeviceType::mps,
                                                DeviceType::xpu, DeviceType::vulkan, DeviceType::npu,  DeviceType::rpc};

/// "cpu", "cuda", ... A view of static storage.
constexpr std::string_view to_string(DeviceType type) {
  switch (type) {
    case DeviceType::cpu:
      return "cpu";
    case DeviceType::cuda:
      return "cuda";
    case DeviceType::disk:
      return "disk";
    case DeviceType::mps:
      return "mps";
    case DeviceType::xpu:
      return "xpu";
    case DeviceType::vulkan:
      return "vulkan";
    case DeviceType::npu:
      return "npu";
    case DeviceType::rpc:
      return "rpc";
  }
  return "unknown";  // a number that is no DeviceType
}

/// A name that is no device type. what() is Haystack's text, "Unknown device type string 'gpu'", and nothing else, as
/// programs compare it; accepted() is what to show beside it.
class UnknownDeviceType : public std::invalid_argument {
 public:
  explicit UnknownDeviceType(std::string_view text);

  static std::string accepted();  ///< "cpu, cuda, disk, mps, xpu, vulkan, npu, rpc"
};

/// The type named by `text`, in lower case as printed. Throws UnknownDeviceType.
DeviceType device_type_from_str(std::string_view text);

std::ostream& operator<<(std::ostream& out, DeviceType type);

/// One compute device, such as "cuda:1". An absent id means "the default one of this type", which is not the same
/// as id 0: "cuda" and "cuda:0" differ. A regular value of 8 bytes; only str() and errors allocate.
class Device {
 public:
  /// Throws std::invalid_argument "Device id must be >= 0, got -1".
  explicit Device(DeviceType type, std::optional<int> id = std::nullopt) : type_(type), id_(id.value_or(no_id)) {
    if (id && *id < 0) refuse(*id);
  }

  static Device cpu() { return Device(DeviceType::cpu); }
  static Device gpu(std::optional<int> id = 0) { return Device(DeviceType::cuda, id); }  ///< "cuda:0" by default
  static Device disk() { return Device(DeviceType::disk); }
  static Device mps() { return Device(DeviceType::mps); }
  static Device xpu() { return Device(DeviceType::xpu); }
  static Device vulkan(std::optional<int> id = std::nullopt) { return Device(DeviceType::vulkan, id); }
  static Device npu(std::optional<int> id = std::nullopt) { return Device(DeviceType::npu, id); }
  static Device rpc(std::optional<int> id = std::nullopt) { return Device(DeviceType::rpc, id); }

  /// Parses TYPE or TYPE:ID; ID is what follows the first colon, decimal digits only, from 0 to 2147483647. Throws
  /// UnknownDeviceType "Unknown device type string 'gpu'" and std::invalid_argument "Device id must be an integer,
  /// got x", "Device id must be >= 0, got -1", "Device id must be <= 2147483647, got 2147483648".
  ///
  /// As in all messages of Berth, text from outside is repeated up to 200 bytes; control characters and bytes that are
  /// not UTF-8 stand as \x1b.
  static Device from_str(std::string_view text);

  DeviceType type() const { return type_; }
  std::optional<int> id() const { return id_ == no_id ? std::nullopt : std::optional(id_); }

  std::string str() const;  ///< "cuda:1"; from_str(str()) is the same device

  /// By type in the order of DeviceType, then by id; no id comes first.
  auto operator<=>(const Device&) const = default;

 private:
  [[noreturn]] static void refuse(int id);

  static constexpr int no_id = -1;  // below all ids, as an empty optional is, in half the space

  DeviceType type_;
  int id_;
};

std::ostream& operator<<(std::ostream& out, const Device& device);

/// Which part of a model goes to which device: an ordered mapping of names (of modules or tensors) to devices.
///
///     DeviceMap map{{"model.embed_tokens", Device::gpu(0)}, {"lm_head", Device::cpu()}};
///     map.first_device();  // cuda:0
class DeviceMap {
 public:
  using const_iterator = OrderedMap<Device>::const_iterator;

  DeviceMap() = default;
  DeviceMap(std::initializer_list<std::pair<std::string, Device>> entries) : entries_(entries) {}
  explicit DeviceMap(OrderedMap<Device> entries) : entries_(std::move(entries)) {}

  void set(std::string name, Device device) { entries_.set(std::move(name), device); }
  bool erase(std::string_view name) { return entries_.erase(name); }
  const Device* find(std::string_view name) const { return entries_.find(name); }
  const Device& at(std::string_view name) const { return entries_.at(name); }  ///< throws std::out_of_range
  bool contains(std::string_view name) const { return entries_.contains(name); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  const OrderedMap<Device>& entries() const { return entries_; }

  std::optional<Device> first_device() const;  ///< of the first name inserted

  /// {"NAME": "cuda:0", ...}, in order.
  Value to_dict() const;
  /// From that form. Throws as Device::from_str, and std::invalid_argument naming an entry that is no string.
  static DeviceMap from_dict(const Value& dict);

  std::string str() const;  ///< to_dict() as JSON

  /// The same names on the same devices, in any order (Haystack's equality).
  bool operator==(const DeviceMap&) const = default;
  /// By the entries sorted by name, so that it agrees with ==.
  std::weak_ordering operator<=>(const DeviceMap& other) const;

 private:
  OrderedMap<Device> entries_;
};

std::ostream& operator<<(std::ostream& out, const DeviceMap& map);

/// What a component runs on: one device or one map, never neither and never both.
class ComponentDevice {
 public:
  /// One device. Throws std::invalid_argument "The disk device can only be used as a part of device maps".
  ComponentDevice(Device device);
  ComponentDevice(DeviceMap map);
  /// What was given of the two. Throws std::invalid_argument "The component device can neither be empty nor contain both
  /// a single device and a device map" where that is none or both, and as ComponentDevice(Device).
  ComponentDevice(std::optional<Device> single, std::optional<DeviceMap> multiple);
  static ComponentDevice from_single(Device device) { return ComponentDevice(device); }
  static ComponentDevice from_multiple(DeviceMap map) { return ComponentDevice(std::move(map)); }

  /// One device, as Device::from_str; a map has no such form (see from_dict).
  static ComponentDevice from_str(std::string_view text);

  bool has_multiple_devices() const { return std::holds_alternative<DeviceMap>(device_); }
  const Device* single() const;       ///< nullptr for a map
  const DeviceMap* multiple() const;  ///< nullptr for one device

  /// The device, or the first of the map; none for an empty map. Throws as ComponentDevice(Device) where the first is
  /// the disk.
  std::optional<ComponentDevice> first_device() const;

  /// {"type": "single", "device": "cuda:0"} or {"type": "multiple", "device_map": {...}}.
  Value to_dict() const;
  /// From that form. Throws std::invalid_argument
  /// "Unknown component device type 'X' in serialized data", and as Device::from_str and DeviceMap::from_dict.
  static ComponentDevice from_dict(const Value& dict);

  /// The given device unchanged, or the best one that this machine's engines report: cuda:0, else xpu, else mps, else
  /// cpu. HAYSTACK_XPU_ENABLED=false and HAYSTACK_MPS_ENABLED=false leave those two out. berth/resolve.h says why.
  static ComponentDevice resolve_device(std::optional<ComponentDevice> device = std::nullopt);

  std::string str() const;  ///< "cuda:0", or the map as JSON

  bool operator==(const ComponentDevice&) const = default;
  std::weak_ordering operator<=>(const ComponentDevice&) const = default;  ///< one device before any map

 private:
  std::variant<Device, DeviceMap> device_;
};

std::ostream& operator<<(std::ostream& out, const ComponentDevice& device);

}  // namespace berth

template <>
struct std::hash<berth::Device> {
  std::size_t operator()(const berth::Device& device) const noexcept;
};
template <>
struct std::hash<berth::DeviceMap> {
  std::size_t operator()(const berth::DeviceMap& map) const;  ///< independent of the order of names
};
template <>
struct std::hash<berth::ComponentDevice> {
  std::size_t operator()(const berth::ComponentDevice& device) const;
};
