#include "discover/drivers/level_zero_devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "discover/drivers/driver_report.h"
#include "discover/drivers/level_zero_abi.h"
#include "discover/drivers/sysfs.h"

namespace berth::discovery {
namespace {

struct Loader {
  DynamicLibrary library;

  template <class... Arguments>
  using Function = ze::Result (*)(Arguments...);
  template <class... Arguments>
  Function<Arguments...> get(const char* name) const {
    return library.function<ze::Result(Arguments...)>(name);
  }
  template <class... Arguments>
  Function<Arguments...> find(const char* name) const {
    return library.find<ze::Result(Arguments...)>(name);
  }

  Function<std::uint32_t> init = get<std::uint32_t>("zeInit");
  Function<std::uint32_t*, ze::Driver*> drivers = get<std::uint32_t*, ze::Driver*>("zeDriverGet");
  Function<ze::Driver, ze::DriverProperties*> driver_properties =
      get<ze::Driver, ze::DriverProperties*>("zeDriverGetProperties");
  Function<ze::Driver, std::uint32_t*, ze::Device*> devices =
      get<ze::Driver, std::uint32_t*, ze::Device*>("zeDeviceGet");
  Function<ze::Device, std::uint32_t*, ze::Device*> tiles =
      get<ze::Device, std::uint32_t*, ze::Device*>("zeDeviceGetSubDevices");
  Function<ze::Device, ze::DeviceProperties*> properties =
      get<ze::Device, ze::DeviceProperties*>("zeDeviceGetProperties");
  Function<ze::Device, ze::ModuleProperties*> module_properties =
      get<ze::Device, ze::ModuleProperties*>("zeDeviceGetModuleProperties");
  Function<ze::Device, std::uint32_t*, ze::MemoryProperties*> memory =
      get<ze::Device, std::uint32_t*, ze::MemoryProperties*>("zeDeviceGetMemoryProperties");
  // Younger than the rest, or of Sysman, which a driver may lack.
  Function<ze::Device, ze::PciProperties*> pci = find<ze::Device, ze::PciProperties*>("zeDevicePciGetPropertiesExt");
  Function<ze::Device, std::uint32_t*, ze::Memory*> modules =
      find<ze::Device, std::uint32_t*, ze::Memory*>("zesDeviceEnumMemoryModules");
  Function<ze::Memory, ze::MemoryModule*> module = find<ze::Memory, ze::MemoryModule*>("zesMemoryGetProperties");
  Function<ze::Memory, ze::MemoryState*> module_state = find<ze::Memory, ze::MemoryState*>("zesMemoryGetState");
  Function<ze::Device, std::uint32_t*, ze::Frequency*> frequencies =
      find<ze::Device, std::uint32_t*, ze::Frequency*>("zesDeviceEnumFrequencyDomains");
  Function<ze::Frequency, ze::FrequencyState*> frequency_state =
      find<ze::Frequency, ze::FrequencyState*>("zesFrequencyGetState");

  explicit Loader(const std::filesystem::path& folder) : library({"libze_loader.so.1"}, folder) {}
};

void require(ze::Result result, const char* function) {
  if (result != ze::success) throw LevelZeroError(function, result);
}

/// Level Zero's way of handing over a list: the first call counts, the second fills in.
template <class Item, class Ask>
std::vector<Item> list(const char* function, Ask&& ask) {
  std::uint32_t count = 0;
  require(ask(&count, static_cast<Item*>(nullptr)), function);
  if (count > most_devices)
    throw std::runtime_error(fmt::format("{} says that there are {}, which cannot be", function, count));
  std::vector<Item> items(count);
  if (count > 0) require(ask(&count, items.data()), function);
  items.resize(std::min<std::size_t>(count, items.size()));
  return items;
}

class Reader {
 public:
  Reader(const Loader& loader, ProbeReport& report) : loader_(loader), report_(report) {}

  LevelZeroDevice read(ze::Device device, const ze::DeviceProperties& properties, const std::string& driver) {
    LevelZeroDevice result;
    auto& info = result.info;
    info.name = driver_text({properties.name, sizeof properties.name});
    info.vendor = vendor_name(properties.vendor_id);
    info.uuid = uuid_text(properties.uuid);
    info.integrated = properties.type == ze::type_npu || (properties.flags & ze::flag_integrated) != 0;
    info.driver = driver;
    if (properties.type == ze::type_gpu) info.gpu.emplace();
    tolerate([&] { read_memory(device, info); });
    tolerate([&] { read_types(device, info); });
    return result;
  }

  void read_address(ze::Device device, DeviceInfo& info) {
    if (loader_.pci != nullptr) tolerate([&] { read_pci(device, info); });
  }

  void read_sysman(ze::Device device, LevelZeroDevice& gpu) {
    if (loader_.modules != nullptr && loader_.module != nullptr && loader_.module_state != nullptr &&
        !gpu.info.integrated)
      tolerate([&] { read_free_memory(device, gpu); });
    if (loader_.frequencies != nullptr && loader_.frequency_state != nullptr)
      tolerate([&] { read_throttling(device, gpu.info); });
  }

  template <class Work>
  void tolerate(Work&& work) {
    try {
      work();
    } catch (const std::runtime_error& problem) {
      if (std::ranges::find(report_.notes, problem.what()) == report_.notes.end())
        report_.notes.emplace_back(problem.what());
    }
  }

 private:
  void read_memory(ze::Device device, DeviceInfo& info) {
    const auto kinds = list<ze::MemoryProperties>(
        "zeDeviceGetMemoryProperties", [&](auto* count, auto* items) { return loader_.memory(device, count, items); });
    for (const auto& kind : kinds) {
      if (kind.total_size > most_bytes)
        throw std::runtime_error(fmt::format("zeDeviceGetMemoryProperties says that {} has {} bytes, which cannot be",
                                             info.name, kind.total_size));
      info.total_bytes += kind.total_size;
    }
    info.free_bytes = info.total_bytes;
    info.free_is_known = false;
  }

  void read_types(ze::Device device, DeviceInfo& info) {
    ze::ModuleProperties properties;
    require(loader_.module_properties(device, &properties), "zeDeviceGetModuleProperties");
    if ((properties.flags & ze::module_fp16) != 0) info.types.emplace_back("fp16");
    if ((properties.flags & ze::module_dp4a) != 0) info.types.emplace_back("int8");
  }

  void read_pci(ze::Device device, DeviceInfo& info) {
    ze::PciProperties properties;
    require(loader_.pci(device, &properties), "zeDevicePciGetPropertiesExt");
    info.pci_id =
        pci_id(properties.domain & 0xFFFF, properties.bus & 0xFF, properties.device & 0x1F, properties.function & 7);
  }

  void read_free_memory(ze::Device device, LevelZeroDevice& gpu) {
    const auto modules = list<ze::Memory>(
        "zesDeviceEnumMemoryModules", [&](auto* count, auto* items) { return loader_.modules(device, count, items); });
    std::uint64_t free_bytes = 0;
    for (auto* const memory : modules) {
      ze::MemoryModule module;
      ze::MemoryState state;
      require(loader_.module(memory, &module), "zesMemoryGetProperties");
      require(loader_.module_state(memory, &state), "zesMemoryGetState");
      if (state.size > most_bytes || state.free > state.size)
        throw std::runtime_error(
            fmt::format("zesMemoryGetState says that {} of {} bytes of {} are free, which cannot be", state.free,
                        state.size, gpu.info.name));
      free_bytes += state.free;
      if (module.on_subdevice != 0 && module.subdevice_id < gpu.tiles.size()) {
        auto& tile = gpu.tiles[module.subdevice_id].info;
        tile.free_bytes = std::min(tile.total_bytes, state.free);
        tile.free_is_known = true;
      }
    }
    if (modules.empty()) return;
    gpu.info.free_bytes = std::min(gpu.info.total_bytes, free_bytes);
    gpu.info.free_is_known = true;
  }

  void read_throttling(ze::Device device, DeviceInfo& info) {
    const auto domains = list<ze::Frequency>("zesDeviceEnumFrequencyDomains", [&](auto* count, auto* items) {
      return loader_.frequencies(device, count, items);
    });
    std::uint32_t reasons = 0;
    for (auto* const domain : domains) {
      ze::FrequencyState state;
      require(loader_.frequency_state(domain, &state), "zesFrequencyGetState");
      reasons |= state.throttle_reasons;
    }
    if ((reasons & ze::throttled_by_power) != 0) info.gpu->throttled_by.emplace_back("power");
    if ((reasons & ze::throttled_by_current) != 0) info.gpu->throttled_by.emplace_back("current");
    if ((reasons & ze::throttled_by_heat) != 0) info.gpu->throttled_by.emplace_back("heat");
  }

  const Loader& loader_;
  ProbeReport& report_;
};

void read_driver(const Loader& loader, ze::Driver driver, std::size_t number, Reader& reader, ProbeReport& report,
                 LevelZeroDevices& all) {
  ze::DriverProperties about;
  std::string version;
  reader.tolerate([&] {
    require(loader.driver_properties(driver, &about), "zeDriverGetProperties");
    version = fmt::format("Level Zero driver {}.{}.{}", about.version >> 24, about.version >> 16 & 0xFF,
                          about.version & 0xFFFF);
    report.library_version += (report.library_version.empty() ? "" : ", ") + version;
  });
  const auto devices =
      list<ze::Device>("zeDeviceGet", [&](auto* count, auto* items) { return loader.devices(driver, count, items); });
  for (auto* const device : devices) {
    reader.tolerate([&] {
      ze::DeviceProperties properties;
      require(loader.properties(device, &properties), "zeDeviceGetProperties");
      if (properties.type != ze::type_gpu && properties.type != ze::type_npu) return;
      auto found = reader.read(device, properties, version);
      found.driver = number;
      reader.read_address(device, found.info);
      if (properties.type == ze::type_npu) {
        all.npus.push_back(std::move(found));
        return;
      }
      reader.tolerate([&] {
        const auto tiles = list<ze::Device>(
            "zeDeviceGetSubDevices", [&](auto* count, auto* items) { return loader.tiles(device, count, items); });
        for (auto* const tile : tiles) {
          if (tiles.size() < 2) break;
          ze::DeviceProperties of_tile;
          require(loader.properties(tile, &of_tile), "zeDeviceGetProperties");
          found.tiles.push_back(reader.read(tile, of_tile, version));
          found.tiles.back().driver = number;
        }
      });
      reader.read_sysman(device, found);
      all.gpus.push_back(std::move(found));
    });
  }
}

}  // namespace

LevelZeroError::LevelZeroError(const char* function, std::uint32_t result_of)
    : std::runtime_error(fmt::format("{} failed with error 0x{:x}", function, result_of)), result(result_of) {}

LevelZeroDevices level_zero_devices(const Machine& machine, ProbeReport& report) {
  unsetenv("ZE_AFFINITY_MASK");
  setenv("ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE", 1);
  setenv("ZES_ENABLE_SYSMAN", "1", 1);
  const Loader loader(machine.library_dir);
  report.library = loader.library.path();
  require(loader.init(0), "zeInit");
  const auto drivers =
      list<ze::Driver>("zeDriverGet", [&](auto* count, auto* items) { return loader.drivers(count, items); });
  LevelZeroDevices all;
  Reader reader(loader, report);
  for (std::size_t number = 0; number < drivers.size(); ++number)
    reader.tolerate([&] { read_driver(loader, drivers[number], number, reader, report, all); });
  return all;
}

}  // namespace berth::discovery
