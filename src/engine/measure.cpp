#include "berth/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <stdexcept>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/model.h"
#include "berth/version.h"
#include "discover/disk_speed.h"
#include "discover/rpc_worker.h"
#include "text/file.h"

namespace berth {
namespace {

/// What measures a device, with its version: the engine that uses it, or Berth itself; empty where nothing does.
std::string measured_by(const DeviceInfo& info) {
  if (info.disk || info.remote) return fmt::format("berth {}", version());
  if (info.engines.empty()) return "";
  const auto& by = engine(info.engines.front().in);
  return fmt::format("{} {}", by.name(), by.version());
}

/// All that a measurement depends on.
std::string key_of(const DeviceInfo& info, const Inventory& inventory) {
  auto key =
      fmt::format("{} {} {} {} {} {}", inventory.machine_id, info.name, info.uuid.empty() ? info.pci_id : info.uuid,
                  info.total_bytes >> 28, info.driver, measured_by(info));
  if (info.cpu) key += fmt::format(" {} cores", info.cpu->usable_cores);
  if (info.disk) key += fmt::format(" {} {}", info.disk->source, info.disk->mount_point);
  if (info.remote) key += fmt::format(" {}", info.remote->endpoint);
  return key;
}

/// Of a device on its worker, whose name there is "HOST:PORT/NUMBER".
std::uint32_t device_number(const DeviceInfo& info) {
  for (const auto& [in, name] : info.apis) {
    std::uint32_t number = 0;
    const char* end = name.data() + name.size();
    const auto slash = name.rfind('/');
    if (in == "rpc" && slash != name.npos && std::from_chars(name.data() + slash + 1, end, number).ptr == end)
      return number;
  }
  return 0;
}

Measurement measure_one(const DeviceInfo& info, std::chrono::milliseconds budget) {
  if (info.disk) {
    // What was asked for may be made only when it is needed.
    const std::filesystem::path asked = info.disk->path;
    const auto there = std::filesystem::is_directory(asked) ? asked : std::filesystem::path(info.disk->mount_point);
    return {.speed = {.memory_bytes_per_s = discovery::measure_read(there, {.time = budget / 2}).bytes_per_s}};
  }
  if (info.remote) {
    constexpr std::uint64_t bytes = 16 << 20;
    discovery::RpcWorker worker(info.remote->endpoint, budget);
    const auto latency_us = worker.round_trip_us();
    const auto rate = worker.bytes_per_s(device_number(info), bytes);
    return {.speed = {},
            .link = Link{.from = "cpu",
                         .to = info.device.str(),
                         .kind = LinkKind::network,
                         .bytes_per_s = rate,
                         .latency_us = latency_us,
                         .measured = true}};
  }
  return engine(info.engines.front().in).measure(info.device, budget);
}

LinkKind link_kind(const DeviceInfo& info) {
  return info.remote ? LinkKind::network : info.integrated ? LinkKind::memory : LinkKind::pcie;
}

/// What was measured before, by key. A file that is no such thing counts as empty: it is only a cache.
Value::Object read_cache(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    const auto cache = Value::from_json(text);
    return cache.is_object() ? cache.as_object() : Value::Object();
  } catch (const FormatError&) {
    return {};
  }
}

Value to_value(const Measurement& measurement) {
  Value::Object value{{"memory_bytes_per_s", measurement.speed.memory_bytes_per_s}, {"flops", measurement.speed.flops}};
  if (const auto& link = measurement.link) {
    value.set("link_bytes_per_s", link->bytes_per_s);
    value.set("link_latency_us", link->latency_us.value_or(0));
  }
  return value;
}

double number(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  return found != nullptr && found->is_number() ? found->as_double() : 0;
}

std::optional<Measurement> from_value(const Value* value, const DeviceInfo& info) {
  if (value == nullptr) return std::nullopt;
  Measurement measurement{.speed = {number(*value, "memory_bytes_per_s"), number(*value, "flops")}};
  if (const auto rate = number(*value, "link_bytes_per_s"); rate > 0)
    measurement.link = Link{.from = "cpu",
                            .to = info.device.str(),
                            .kind = link_kind(info),
                            .bytes_per_s = rate,
                            .latency_us = number(*value, "link_latency_us"),
                            .measured = true};
  if (!(measurement.speed.memory_bytes_per_s > 0) && !measurement.link) return std::nullopt;
  return measurement;
}

/// In the place of what the hardware promises of that way.
void set_link(std::vector<Link>& links, Link link) {
  const auto known = std::ranges::find_if(links, [&](const Link& each) {
    return (each.from == link.from && each.to == link.to) || (each.from == link.to && each.to == link.from);
  });
  if (known == links.end()) {
    links.push_back(std::move(link));
    return;
  }
  known->bytes_per_s = link.bytes_per_s;
  known->latency_us = link.latency_us;
  known->measured = true;
}

}  // namespace

std::filesystem::path MeasureOptions::default_cache() {
  const auto models = ModelSearch::from_environment().model_cache;
  return models.empty() ? models : models.parent_path() / "speeds.json";
}

Inventory measure(Inventory inventory, const MeasureOptions& options) {
  if (inventory.origin != InventoryOrigin::this_machine)
    throw std::invalid_argument("Only this machine can be measured; the inventory was loaded or simulated");
  auto cache = options.cache.empty() ? Value::Object() : read_cache(options.cache);
  bool news = false;
  ProbeReport report{.probe = "measure", .outcome = ProbeOutcome::found};
  for (auto& info : inventory.devices) {
    if (measured_by(info).empty()) continue;
    if (options.stop.stop_requested()) throw Cancelled("Measuring was cancelled before " + info.device.str());
    const auto key = key_of(info, inventory);
    auto measurement = options.again ? std::nullopt : from_value(cache.find(key), info);
    if (!measurement) {
      if (options.progress) options.progress(info.device.str());
      try {
        measurement = measure_one(info, options.per_device);
        cache.set(key, to_value(*measurement));
        news = true;
      } catch (const std::runtime_error& problem) {
        report.notes.emplace_back(problem.what());
        continue;
      }
    }
    if (measurement->speed.memory_bytes_per_s > 0) info.speed = measurement->speed;
    if (measurement->link) set_link(inventory.links, *std::move(measurement->link));
  }
  if (news && !options.cache.empty()) {
    try {
      std::filesystem::create_directories(options.cache.parent_path());
      write_file(options.cache, Value(std::move(cache)).to_json(2) + "\n");
    } catch (const std::filesystem::filesystem_error& problem) {
      report.notes.emplace_back(problem.what());  // it is only a cache
    }
  }
  if (!report.notes.empty()) report.outcome = ProbeOutcome::failed;
  inventory.probes.push_back(std::move(report));
  return inventory;
}

}  // namespace berth
