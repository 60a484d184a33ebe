#include "machine_options.h"

#include <stdexcept>

#include "berth/measure.h"
#include "discover/probe.h"
#include "discover/remote/rpc_worker.h"
#include "help.h"

namespace berth::cli {
namespace {

std::string probe_names() {
  std::string names;
  for (const auto& probe : discovery::probes()) names += (names.empty() ? "" : ", ") + std::string(probe.name);
  return names;
}

CLI::Validator endpoint() {
  return CLI::Validator(
      [](std::string& text) {
        try {
          discovery::RpcEndpoint::parse(text);
          return std::string();
        } catch (const std::invalid_argument& problem) {
          return std::string(problem.what());
        }
      },
      "");
}

DiscoverOptions discover_options(const MachineOptions& options) {
  auto result = DiscoverOptions::from_environment();
  if (!options.probes.empty()) result.probes = options.probes;
  if (options.probe_timeout_ms) result.probe_timeout = std::chrono::milliseconds(*options.probe_timeout_ms);
  if (!options.rpc.empty()) result.rpc_endpoints = options.rpc;  // they alone, with the names that they have
  result.folders.assign(options.folders.begin(), options.folders.end());
  result.child_processes = !options.no_drivers;
  return result;
}

}  // namespace

void add_machine_options(CLI::App& command, MachineOptions& options) {
  auto* inventory = command.add_option("--inventory", options.inventory, "A machine that 'berth devices --save' wrote")
                        ->type_name("FILE");
  auto* simulate = command
                       .add_option("--simulate", options.simulate,
                                   "A machine that need not exist, such as cpu:64GiB,cuda:2x24GiB@1000GB/s,link:25GB/s")
                       ->type_name("MACHINE")
                       ->excludes(inventory);
  auto* probes = command
                     .add_option("--probes", options.probes,
                                 "Only these probes, with commas between them: " + probe_names() + " (BERTH_PROBES)")
                     ->type_name("NAMES")
                     ->delimiter(',');
  auto* timeout = command
                      .add_option("--probe-timeout", options.probe_timeout_ms,
                                  "Milliseconds after which a driver is given up, 1 to 600000; by default 2000, "
                                  "more where GPUs may have to start first (BERTH_PROBE_TIMEOUT)")
                      ->type_name("MS")
                      ->check(whole_number())
                      ->check(CLI::Range(1, 600000));
  auto* no_drivers =
      command.add_flag("--no-drivers", options.no_drivers, "Start no process that enters a vendor's driver");
  auto* rpc =
      command
          .add_option("--rpc", options.rpc, "A worker on another machine, HOST:PORT; can be given again (BERTH_RPC)")
          ->type_name("ENDPOINT")
          ->delimiter(',')
          ->check(endpoint());
  auto* folder =
      command.add_option("--folder", options.folders, "Also the disk that this folder is on; can be given again")
          ->type_name("DIR");
  // How this machine is looked at says nothing of another one.
  for (auto* each : {probes, timeout, no_drivers, rpc, folder}) each->excludes(inventory, simulate);
}

Inventory see(const MachineOptions& options) {
  if (options.inventory) return Inventory::load(*options.inventory);
  if (options.simulate) return simulate(*options.simulate);
  return discover(discover_options(options));
}

Inventory look_at(const MachineOptions& options) { return with_kept_speeds(see(options)); }

}  // namespace berth::cli
