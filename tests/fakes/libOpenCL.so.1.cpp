// OpenCL: "opencl": {"platforms": [{"name", "version", "devices": [{"name", "type": "gpu", "vendor", "memory",
// "unified", "driver", "pci", "pci_by": "khr", "amd" or "nv", "uuid", "board_name"}]}]}
#include <cstdint>

#include "fake_machine.h"
#include "identity.h"

namespace {

using namespace berth::fakes;

constexpr int invalid_value = -30;

const Json& described(const void* handle) { return *static_cast<const Json*>(handle); }

/// As OpenCL hands over anything: into room that must suffice.
int put(const Call& call, const void* value, std::size_t length, std::size_t room, void* out, std::size_t* size) {
  if (call.error() != 0) return call.error();
  if (size != nullptr) call.put(size, length);
  if (out == nullptr) return 0;
  if (room < length) return invalid_value;
  auto* bytes = static_cast<char*>(out);
  std::memcpy(bytes, value, length);
  for (std::size_t i = 0; i < length; ++i) call.put(bytes + i, bytes[i]);
  return 0;
}

struct Answer {
  const Call& call;
  std::size_t room;
  void* out;
  std::size_t* size;

  template <class Number>
  int number(const Number& value) const {
    return put(call, &value, sizeof value, room, out, size);
  }
  int text(const std::string& value) const { return put(call, value.c_str(), value.size() + 1, room, out, size); }
};

int list(const Call& call, const Json& all, std::uint32_t room, const void** out, std::uint32_t* count) {
  if (call.error() != 0) return call.error();
  if (count != nullptr) call.put(count, static_cast<std::uint32_t>(all.size()));
  for (std::uint32_t i = 0; out != nullptr && i < std::min(room, static_cast<std::uint32_t>(all.size())); ++i)
    out[i] = &all.at(i);
  return 0;
}

std::uint64_t type_of(const std::string& name) { return name == "cpu" ? 2 : name == "gpu" ? 4 : 8; }

int pci_info(const Json& device, std::uint32_t name, const Answer& answer) {
  const auto pci = PciAddress::parse(device.value("pci", ""));
  const auto by = device.value("pci_by", device.contains("pci") ? "khr" : "");
  if (name == 0x410F && by == "khr") return answer.number(pci);
  if (name == 0x4037 && by == "amd") {
    unsigned char topology[24] = {1};
    topology[21] = static_cast<unsigned char>(pci.bus);
    topology[22] = static_cast<unsigned char>(pci.device);
    topology[23] = static_cast<unsigned char>(pci.function);
    return put(answer.call, topology, sizeof topology, answer.room, answer.out, answer.size);
  }
  if (by != "nv") return invalid_value;
  if (name == 0x4008) return answer.number(pci.bus);
  if (name == 0x4009) return answer.number(pci.device << 3 | pci.function);
  if (name == 0x400A) return answer.number(pci.domain);
  return invalid_value;
}

}  // namespace

BERTH_FAKE int clGetPlatformIDs(std::uint32_t room, const void** out, std::uint32_t* count) {
  const Call call("clGetPlatformIDs");
  const auto opencl = machine().find("opencl");
  if (call.error() == 0 && opencl == machine().end()) return -1001;
  return list(call, opencl->at("platforms"), room, out, count);
}

BERTH_FAKE int clGetPlatformInfo(const void* platform, std::uint32_t name, std::size_t room, void* out,
                                 std::size_t* size) {
  const Call call("clGetPlatformInfo");
  const Answer answer{call, room, out, size};
  return name == 0x0902 ? answer.text(described(platform).at("name"))
                        : answer.text(described(platform).value("version", "OpenCL 3.0"));
}

BERTH_FAKE int clGetDeviceIDs(const void* platform, std::uint64_t, std::uint32_t room, const void** out,
                              std::uint32_t* count) {
  const Call call("clGetDeviceIDs");
  const auto& devices = described(platform).at("devices");
  if (call.error() == 0 && devices.empty()) return -1;
  return list(call, devices, room, out, count);
}

BERTH_FAKE int clGetDeviceInfo(const void* device, std::uint32_t name, std::size_t room, void* out, std::size_t* size) {
  const Call call("clGetDeviceInfo");
  const Answer answer{call, room, out, size};
  const auto& description = described(device);
  switch (name) {
    case 0x1000:
      return answer.number(type_of(description.at("type")));
    case 0x1001:
      return answer.number(description.value("vendor", 0u));
    case 0x101F:
      return answer.number(description.at("memory").get<std::uint64_t>());
    case 0x102B:
      return answer.text(description.at("name"));
    case 0x102C:
      return answer.text(description.value("vendor_name", ""));
    case 0x102D:
      return answer.text(description.value("driver", ""));
    case 0x1035:
      return answer.number(std::uint32_t{description.value("unified", false)});
    case 0x106A: {
      if (!description.contains("uuid")) return invalid_value;
      unsigned char uuid[16] = {};
      put_uuid(uuid, description.at("uuid"));
      return put(call, uuid, sizeof uuid, room, out, size);
    }
    case 0x4038:
      return description.contains("board_name") ? answer.text(description.at("board_name")) : invalid_value;
    default:
      return pci_info(description, name, answer);
  }
}
