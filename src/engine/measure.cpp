#include "berth/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/model.h"
#include "berth/version.h"
#include "discover/host/disk_speed.h"
#include "discover/remote/rpc_worker.h"
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
std::string cache_key(const DeviceInfo& info, const Inventory& inventory) {
  auto key =
      fmt::format("{} {} {} {} {} {}", inventory.machine_id, info.name, info.uuid.empty() ? info.pci_id : info.uuid,
                  info.total_bytes >> 28, info.driver, measured_by(info));
  if (info.cpu) key += fmt::format(" {} cores", info.cpu->usable_cores);
  if (info.disk) key += fmt::format(" {} {}", info.disk->source, info.disk->mount_point);
  if (info.remote) key += fmt::format(" {}/{}", info.remote->endpoint, info.remote->number);
  return key;
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
    const auto rate = worker.bytes_per_s(info.remote->number, bytes);
    return {.speed = {},
            .link = Link{.from = "cpu",
                         .to = info.device.str(),
                         .kind = LinkKind::network,
                         .bytes_per_s = rate,
                         .latency_us = latency_us,
                         .measured = true}};
  }
  return engine(info.engines.front().in).measure(info.device, info.key(), budget);
}

LinkKind link_kind(const DeviceInfo& info) {
  return info.remote ? LinkKind::network : info.integrated ? LinkKind::memory : LinkKind::pcie;
}

/// What was measured before, by key. A file that is no such thing counts as empty: it is only a cache.
Value::Object read_cache(const std::filesystem::path& path) {
  constexpr std::size_t most_bytes = std::size_t{16} << 20U;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  try {
    const auto cache = Value::from_json(read_text_file(path, most_bytes));
    return cache.is_object() ? cache.as_object() : Value::Object();
  } catch (const std::runtime_error&) {
    return {};
  }
}

Value to_value(const Measurement& measurement) {
  Value::Object value{{"memory_bytes_per_s", measurement.speed.memory_bytes_per_s}, {"flops", measurement.speed.flops}};
  Value::Object types;
  for (const auto& each : measurement.speed.types)
    types.set(
        each.type,
        Value::Object{{"memory_bytes_per_s", each.memory_bytes_per_s}, {"flops", each.flops}, {"row_s", each.row_s}});
  if (!types.empty()) value.set("types", std::move(types));
  if (measurement.speed.operation_s > 0) value.set("operation_s", measurement.speed.operation_s);
  if (const auto& link = measurement.link) {
    value.set("link_bytes_per_s", link->bytes_per_s);
    value.set("link_latency_us", link->latency_us.value_or(0));
  }
  return value;
}

double number(const Value& object, std::string_view name) {
  const Value* found = object.find(name);
  const double value = found != nullptr && found->is_number() ? found->as_double() : 0;
  return std::isfinite(value) && value > 0 ? value : 0;
}

std::optional<Measurement> from_value(const Value* value, const DeviceInfo& info) {
  if (value == nullptr) return std::nullopt;
  Measurement measurement{
      .speed = {.memory_bytes_per_s = number(*value, "memory_bytes_per_s"), .flops = number(*value, "flops")}};
  if (const auto* types = value->find("types"); types != nullptr && types->is_object())
    for (const auto& [type, speed] : types->as_object())
      measurement.speed.types.push_back(
          {type, number(speed, "memory_bytes_per_s"), number(speed, "flops"), number(speed, "row_s")});
  measurement.speed.operation_s = number(*value, "operation_s");
  if (const auto rate = number(*value, "link_bytes_per_s"); rate > 0) {
    measurement.link =
        Link{.from = "cpu", .to = info.device.str(), .kind = link_kind(info), .bytes_per_s = rate, .measured = true};
    if (const auto latency_us = number(*value, "link_latency_us"); latency_us > 0)
      measurement.link->latency_us = latency_us;
  }
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

/// Of two measurements of one device. What is beyond the reading of bytes goes with the rate that it was measured beside.
Measurement better(Measurement one, const Measurement& other) {
  if (other.speed.memory_bytes_per_s > one.speed.memory_bytes_per_s) one.speed.operation_s = other.speed.operation_s;
  one.speed.memory_bytes_per_s = std::max(one.speed.memory_bytes_per_s, other.speed.memory_bytes_per_s);
  one.speed.flops = std::max(one.speed.flops, other.speed.flops);
  for (const auto& type : other.speed.types) {
    const auto same = std::ranges::find(one.speed.types, type.type, &TypeSpeed::type);
    if (same == one.speed.types.end()) {
      one.speed.types.push_back(type);
      continue;
    }
    if (type.memory_bytes_per_s > same->memory_bytes_per_s) same->row_s = type.row_s;
    same->memory_bytes_per_s = std::max(same->memory_bytes_per_s, type.memory_bytes_per_s);
    same->flops = std::max(same->flops, type.flops);
  }
  if (!one.link)
    one.link = other.link;
  else if (other.link) {
    one.link->bytes_per_s = std::max(one.link->bytes_per_s, other.link->bytes_per_s);
    if (const auto known = other.link->latency_us)
      one.link->latency_us = std::min(one.link->latency_us.value_or(*known), *known);
  }
  return one;
}

void set_speed(Inventory& inventory, DeviceInfo& info, const Measurement& measurement) {
  if (measurement.speed.memory_bytes_per_s > 0) info.speed = measurement.speed;
  if (measurement.link) set_link(inventory.links, *measurement.link);
}

/// What another process kept meanwhile stays.
void keep(const Value::Object& news, const std::filesystem::path& path) {
  auto cache = read_cache(path);
  for (const auto& [key, value] : news) cache.set(key, value);
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  write_file(path, Value(std::move(cache)).to_json(2) + "\n");
}

}  // namespace

std::filesystem::path MeasureOptions::default_cache() {
  const auto models = ModelSearch::from_environment().model_cache;
  return models.empty() ? models : models.parent_path() / "speeds.json";
}

Inventory measure(Inventory inventory, const MeasureOptions& options) {
  if (inventory.origin != InventoryOrigin::this_machine)
    throw std::invalid_argument("Only this machine can be measured; the inventory was loaded or simulated");
  const auto cache = options.cache.empty() ? Value::Object() : read_cache(options.cache);
  Value::Object news;
  ProbeReport report{.probe = "measure", .outcome = ProbeOutcome::found};
  for (auto& info : inventory.devices) {
    if (measured_by(info).empty()) continue;
    if (options.stop.stop_requested()) throw Cancelled("Measuring was cancelled before " + info.device.str());
    const auto key = cache_key(info, inventory);
    const auto kept = from_value(cache.find(key), info);
    if (kept && !options.again) {
      set_speed(inventory, info, *kept);
      continue;
    }
    if (options.progress) options.progress(info.device.str());
    try {
      auto measurement = measure_one(info, options.per_device);
      if (kept) measurement = better(std::move(measurement), *kept);
      news.set(key, to_value(measurement));
      set_speed(inventory, info, measurement);
    } catch (const std::runtime_error& problem) {
      report.outcome = ProbeOutcome::failed;
      report.notes.emplace_back(problem.what());
    }
  }
  if (!news.empty() && !options.cache.empty()) {
    try {
      keep(news, options.cache);
    } catch (const std::filesystem::filesystem_error& problem) {
      report.notes.push_back(fmt::format("What was measured is not kept: {}", problem.what()));
    }
  }
  inventory.probes.push_back(std::move(report));
  return inventory;
}

Inventory with_kept_speeds(Inventory inventory, const std::filesystem::path& cache) {
  if (inventory.origin != InventoryOrigin::this_machine) return inventory;
  const auto kept = read_cache(cache);
  if (kept.empty()) return inventory;
  for (auto& info : inventory.devices)
    if (!measured_by(info).empty())
      if (const auto measurement = from_value(kept.find(cache_key(info, inventory)), info))
        set_speed(inventory, info, *measurement);
  return inventory;
}

}  // namespace berth
