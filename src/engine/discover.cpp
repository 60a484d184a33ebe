#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "berth/inventory.h"
#include "discover/host/usable.h"
#include "discover/merge.h"
#include "discover/probe.h"
#include "engine/discover_options.h"
#include "engine/engine_probes.h"
#include "engine/worker_list.h"
#include "system/sha256.h"
#include "text/printable.h"

namespace berth {
namespace {

using discovery::Findings;
using discovery::Machine;

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (comma != 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
  return parts;
}

/// Where neither a probe nor an engine was asked, there is a CPU all the same.
Findings at_least_a_cpu() {
  DeviceInfo cpu{.device = Device::cpu(), .name = "CPU", .pool = "ram"};
  cpu.total_bytes = discovery::total_memory_bytes();
  cpu.free_bytes = available_memory_bytes();
  return {.report = {}, .devices = {cpu}, .pools = {{"ram", PoolKind::host, cpu.total_bytes, cpu.free_bytes, {}}}};
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// systemd asks that /etc/machine-id itself be kept private, and a hash of it with a text of one's own be used.
std::string machine_id() {
  std::ifstream file("/etc/machine-id");
  std::string id;
  return std::getline(file, id) ? sha256("berth " + id).substr(0, 32) : "";
}

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

DiscoverOptions options_of_variables() {
  const auto machine = Machine::this_one();
  DiscoverOptions options;
  if (const auto* names = machine.variable("BERTH_PROBES")) {
    options.probes = split(*names);
    try {
      discovery::wanted_probes(options);
    } catch (const std::invalid_argument& problem) {
      throw std::invalid_argument(fmt::format("BERTH_PROBES: {}", problem.what()));
    }
  }
  if (const auto* text = machine.variable("BERTH_PROBE_TIMEOUT")) {
    int milliseconds = 0;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), milliseconds);
    if (problem != std::errc() || end != text->data() + text->size() || milliseconds <= 0)
      throw std::invalid_argument(
          fmt::format("BERTH_PROBE_TIMEOUT is a number of milliseconds above 0, got {}", in_quotes(*text)));
    options.probe_timeout = std::chrono::milliseconds(milliseconds);
  }
  if (const auto* endpoints = machine.variable("BERTH_RPC")) options.rpc_endpoints = split(*endpoints);
  return options;
}

void add_known_workers(DiscoverOptions& options) {
  for (const auto& worker : known_workers()) {
    if (!worker.enabled) continue;
    options.rpc_endpoints.push_back(worker.endpoint);
    options.rpc_names.set(worker.endpoint, worker.name);
  }
}

}  // namespace

DiscoverOptions DiscoverOptions::engines_only() {
  DiscoverOptions options;
  options.probes.emplace();
  return options;
}

DiscoverOptions DiscoverOptions::from_environment() {
  auto options = options_of_variables();
  add_known_workers(options);
  return options;
}

DiscoverOptions options_with_any_list(const std::function<void(std::string_view)>& tell) {
  auto options = options_of_variables();
  try {
    add_known_workers(options);
  } catch (const std::exception& problem) {
    tell(fmt::format("the list of workers is left out: {}", problem.what()));
  }
  return options;
}

Inventory take_inventory(const Machine& machine, const DiscoverOptions& options,
                         std::span<const discovery::Probe> engines) {
  auto wanted = discovery::wanted_probes(options);
  const auto count = static_cast<std::ptrdiff_t>(wanted.size());
  for (const auto& each : engines) wanted.push_back(&each);
  auto found = discovery::run_probes(wanted, options, machine);
  std::vector<Findings> of_engines(std::move_iterator(found.begin() + count), std::move_iterator(found.end()));
  found.erase(found.begin() + count, found.end());
  for (auto& engine : of_engines)
    if (engine.report.outcome != ProbeOutcome::found && engine.devices.empty())
      engine.devices = devices_without_drivers();
  auto inventory = discovery::merge(std::move(found), std::move(of_engines));
  if (inventory.find(Device::cpu()) == nullptr) {
    auto cpu = at_least_a_cpu();
    inventory.devices.insert(inventory.devices.begin(), std::move(cpu.devices.front()));
    if (inventory.pool("ram") == nullptr) inventory.pools.push_back(std::move(cpu.pools.front()));
  }
  inventory.origin = InventoryOrigin::this_machine;
  inventory.host = host_name();
  inventory.machine_id = machine_id();
  inventory.taken_at = now();
  return inventory;
}

Inventory discover(const DiscoverOptions& options) {
  auto machine = Machine::this_one();
  machine.rpc_endpoints = options.rpc_endpoints;
  machine.rpc_names = options.rpc_names;
  machine.folders = options.folders;
  machine.probe_timeout = options.probe_timeout.value_or(discovery::default_probe_timeout);
  return take_inventory(machine, options, options.engines ? engine_probes() : std::span<const discovery::Probe>());
}

}  // namespace berth
