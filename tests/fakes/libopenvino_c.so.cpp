// OpenVINO: "openvino": {"version": "2026.4.1", "devices": {"CPU": {"FULL_DEVICE_NAME": "...", "DEVICE_UUID": "..."}}}
#include <cstring>

#include "discover/drivers/openvino_abi.h"
#include "fake_machine.h"

namespace {

using namespace berth::fakes;
using berth::discovery::openvino::DeviceNames;
using berth::discovery::openvino::Version;

Json devices() { return machine().value("openvino", Json::object()).value("devices", Json::object()); }

char* copy(const std::string& text) { return strdup(text.c_str()); }

}  // namespace

BERTH_FAKE int ov_core_create(void** core) {
  const Call call("ov_core_create");
  if (call.error() == 0) *core = new int(0);
  return call.error();
}

BERTH_FAKE void ov_core_free(void* core) {
  const Call call("ov_core_free");
  delete static_cast<int*>(core);
}

BERTH_FAKE int ov_get_openvino_version(Version* version) {
  const Call call("ov_get_openvino_version");
  if (call.error() != 0) return call.error();
  *version = {copy(machine().value("openvino", Json::object()).value("version", "")), copy("OpenVINO Runtime")};
  return 0;
}

BERTH_FAKE void ov_version_free(Version* version) {
  const Call call("ov_version_free");
  for (const char* text : {version->build, version->description}) std::free(const_cast<char*>(text));
}

BERTH_FAKE int ov_core_get_available_devices(const void*, DeviceNames* out) {
  const Call call("ov_core_get_available_devices");
  if (call.error() != 0) return call.error();
  const Json all = devices();
  auto** names = new char*[all.size()];
  std::size_t size = 0;
  for (const auto& [name, properties] : all.items()) names[size++] = copy(name);
  out->names = names;
  call.put(&out->size, size);
  return 0;
}

BERTH_FAKE void ov_available_devices_free(DeviceNames* list) {
  const Call call("ov_available_devices_free");
  const std::size_t size = devices().size();  // not what a fault made of it
  for (std::size_t i = 0; i < size; ++i) std::free(list->names[i]);
  delete[] list->names;
}

BERTH_FAKE int ov_core_get_property(const void*, const char* device, const char* name, char** value) {
  const Call call("ov_core_get_property");
  if (call.error() != 0) return call.error();
  const Json all = devices();
  if (!all.contains(device) || !all.at(device).contains(name)) return -1;
  std::string text(1 << 16, '\0');
  call.put_text(text.data(), text.size(), all.at(device).at(name));
  *value = copy(text);
  return 0;
}

BERTH_FAKE void ov_free(const char* text) {
  const Call call("ov_free");
  std::free(const_cast<char*>(text));
}
