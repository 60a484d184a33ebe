#include "berth/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/model.h"
#include "text/file.h"

namespace berth {
namespace {

/// All that a measurement depends on.
std::string key_of(const DeviceInfo& info, const Inventory& inventory, const Engine& engine) {
  auto key =
      fmt::format("{} {} {} {} {} {} {}", inventory.machine_id, info.name, info.uuid.empty() ? info.pci_id : info.uuid,
                  info.total_bytes >> 28, info.driver, engine.name(), engine.version());
  if (info.cpu) key += fmt::format(" {} cores", info.cpu->usable_cores);
  return key;
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
  if (!(measurement.speed.memory_bytes_per_s > 0 && measurement.speed.flops > 0)) return std::nullopt;
  if (const auto rate = number(*value, "link_bytes_per_s"); rate > 0)
    measurement.link = Link{.from = "cpu",
                            .to = info.device.str(),
                            .kind = info.integrated ? LinkKind::memory : LinkKind::pcie,
                            .bytes_per_s = rate,
                            .latency_us = number(*value, "link_latency_us"),
                            .measured = true};
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
    if (info.engines.empty() || info.device.type() == DeviceType::rpc) continue;
    if (options.stop.stop_requested()) throw Cancelled("Measuring was cancelled before " + info.device.str());
    const auto& engine = berth::engine(info.engines.front().in);
    const auto key = key_of(info, inventory, engine);
    auto measurement = options.again ? std::nullopt : from_value(cache.find(key), info);
    if (!measurement) {
      if (options.progress) options.progress(info.device.str());
      try {
        measurement = engine.measure(info.device, options.per_device);
        cache.set(key, to_value(*measurement));
        news = true;
      } catch (const EngineError& problem) {
        report.notes.emplace_back(problem.what());
        continue;
      }
    }
    info.speed = measurement->speed;
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
