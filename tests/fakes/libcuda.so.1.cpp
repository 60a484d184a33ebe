// A CUDA driver library, which shows what CUDA_VISIBLE_DEVICES leaves.
#include "discover/drivers/cuda_abi.h"
#include "discover/drivers/visibility.h"
#include "fake_nvidia.h"

namespace {

using namespace berth::fakes;
using berth::discovery::PhysicalDevice;
namespace cuda = berth::discovery::cuda;

constexpr int invalid_value = 1;
constexpr int invalid_device = 101;

struct Shown {
  const Json* gpu;
  const Json* instance;  // or nullptr
};

std::vector<Shown> all_shown() {
  std::vector<PhysicalDevice> physical;
  for (const auto& gpu : gpus()) {
    PhysicalDevice device{.uuid = gpu.value("uuid", ""), .pci_id = gpu.value("pci", "")};
    device.speed = gpu.value("cores", 0.0) * gpu.value("clock", 0.0);
    for (const auto& part : gpu.value("mig", Json::array()))
      device.parts.push_back(
          {.uuid = part.at("uuid"),
           .legacy_id = "MIG-" + device.uuid + '/' + part.at("gi").dump() + '/' + part.at("ci").dump()});
    physical.push_back(std::move(device));
  }
  const char* order = std::getenv("CUDA_DEVICE_ORDER");
  const auto positions = berth::discovery::cuda_order(physical, order == nullptr ? "" : order);
  std::vector<PhysicalDevice> ordered;
  for (const auto position : positions) ordered.push_back(physical[position]);

  std::vector<berth::discovery::VisibleDevice> devices;
  if (const char* value = std::getenv("CUDA_VISIBLE_DEVICES")) {
    devices = berth::discovery::visible(ordered, "CUDA_VISIBLE_DEVICES", value).devices;
  } else {
    bool instance_taken = false;
    for (std::size_t i = 0; i < ordered.size(); ++i) {
      if (ordered[i].parts.empty())
        devices.push_back({i});
      else if (!instance_taken)
        devices.push_back({i, 0});
      instance_taken = instance_taken || !ordered[i].parts.empty();
    }
  }
  std::vector<Shown> result;
  for (const auto& device : devices) {
    const Json& gpu = gpus().at(positions[device.index]);
    result.push_back({&gpu, device.part ? &gpu.at("mig").at(*device.part) : nullptr});
  }
  return result;
}

const std::vector<Shown>& shown() {
  static const auto devices = all_shown();
  return devices;
}

const Shown* find(cuda::Device device) {
  const auto index = static_cast<std::size_t>(device);
  return device < 0 || index >= shown().size() ? nullptr : &shown()[index];
}

}  // namespace

BERTH_FAKE int cuInit(unsigned flags) {
  const Call call("cuInit");
  if (call.error() != 0) return call.error();
  if (flags != 0) return invalid_value;
  return shown().empty() ? cuda::no_device : cuda::success;
}

BERTH_FAKE int cuDriverGetVersion(int* version) {
  const Call call("cuDriverGetVersion");
  call.put(version, nvidia().value("cuda", 13000));
  return call.error();
}

BERTH_FAKE int cuDeviceGetCount(int* count) {
  const Call call("cuDeviceGetCount");
  call.put(count, static_cast<int>(shown().size()));
  return call.error();
}

BERTH_FAKE int cuDeviceGet(int* device, int ordinal) {
  const Call call("cuDeviceGet");
  if (call.error() != 0) return call.error();
  if (find(ordinal) == nullptr) return invalid_device;
  call.put(device, ordinal);
  return cuda::success;
}

BERTH_FAKE int cuDeviceGetName(char* name, int size, int device) {
  const Call call("cuDeviceGetName");
  if (call.error() != 0) return call.error();
  const auto* one = find(device);
  if (one == nullptr) return invalid_device;
  call.put_text(name, size, name_of(*one->gpu, one->instance));
  return cuda::success;
}

BERTH_FAKE int cuDeviceTotalMem_v2(std::size_t* bytes, int device) {
  const Call call("cuDeviceTotalMem_v2");
  if (call.error() != 0) return call.error();
  const auto* one = find(device);
  if (one == nullptr) return invalid_device;
  call.put(bytes, (one->instance != nullptr ? *one->instance : *one->gpu).value("total", std::size_t{0}));
  return cuda::success;
}

BERTH_FAKE int cuDeviceGetAttribute(int* value, int attribute, int device) {
  const Call call("cuDeviceGetAttribute");
  if (call.error() != 0) return call.error();
  const auto* one = find(device);
  if (one == nullptr) return invalid_device;
  const auto at = place(one->gpu->value("pci", ""));
  const auto compute = one->gpu->value("compute", "0.0");
  switch (attribute) {
    case cuda::attribute_integrated:
      call.put(value, one->gpu->value("integrated", false) ? 1 : 0);
      return cuda::success;
    case cuda::attribute_pci_domain:
      call.put(value, static_cast<int>(at[0]));
      return cuda::success;
    case cuda::attribute_pci_bus:
      call.put(value, static_cast<int>(at[1]));
      return cuda::success;
    case cuda::attribute_pci_device:
      call.put(value, static_cast<int>(at[2]));
      return cuda::success;
    case cuda::attribute_compute_capability_major:
      call.put(value, std::stoi(compute));
      return cuda::success;
    case cuda::attribute_compute_capability_minor:
      call.put(value, std::stoi(compute.substr(compute.find('.') + 1)));
      return cuda::success;
    default:
      return invalid_value;
  }
}

BERTH_FAKE int cuDeviceGetUuid_v2(cuda::Uuid* uuid, int device) {
  const Call call("cuDeviceGetUuid_v2");
  if (call.error() != 0) return call.error();
  const auto* one = find(device);
  if (one == nullptr) return invalid_device;
  auto digits = (one->instance != nullptr ? *one->instance : *one->gpu).value("uuid", "GPU-").substr(4);
  std::erase(digits, '-');
  cuda::Uuid bytes{};
  for (std::size_t i = 0; i + 1 < digits.size() && i / 2 < sizeof bytes.bytes; i += 2)
    bytes.bytes[i / 2] = static_cast<unsigned char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  call.put(uuid, bytes);
  return cuda::success;
}

BERTH_FAKE int cuGetErrorName(int error, const char** name) {
  const Call call("cuGetErrorName");
  *name = error == cuda::no_device ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_UNKNOWN";
  return call.error();
}
