#include "machine_options.h"

#include "help.h"

namespace berth::cli {

void add_machine_options(CLI::App& command, MachineOptions& options) {
  auto* inventory = command.add_option("--inventory", options.inventory, "A machine that 'berth devices --save' wrote")
                        ->type_name("FILE");
  command
      .add_option("--simulate", options.simulate,
                  "A machine that need not exist, such as cpu:64GiB,cuda:2x24GiB@1000GB/s,link:25GB/s")
      ->type_name("MACHINE")
      ->excludes(inventory);
  command.add_option("--probes", options.probes, "Only these probes, such as cpu,cuda (BERTH_PROBES)")
      ->type_name("NAMES")
      ->delimiter(',');
  command
      .add_option(
          "--probe-timeout", options.probe_timeout_ms,
          "Milliseconds after which a driver is given up; by default 2000, more where GPUs may have to start first "
          "(BERTH_PROBE_TIMEOUT)")
      ->type_name("MS")
      ->check(whole_number())
      ->check(CLI::Range(1, 600000));
  command.add_flag("--no-drivers", options.no_drivers, "Start no process that enters a vendor's driver");
  command.add_option("--rpc", options.rpc, "A worker on another machine, HOST:PORT; can be given again (BERTH_RPC)")
      ->type_name("ENDPOINT")
      ->delimiter(',');
  command.add_option("--folder", options.folders, "Also the disk that this folder is on; can be given again")
      ->type_name("DIR");
}

DiscoverOptions discover_options(const MachineOptions& options) {
  auto result = DiscoverOptions::from_environment();
  if (!options.probes.empty()) result.probes = options.probes;
  if (options.probe_timeout_ms) result.probe_timeout = std::chrono::milliseconds(*options.probe_timeout_ms);
  if (!options.rpc.empty()) result.rpc_endpoints = options.rpc;
  result.folders.assign(options.folders.begin(), options.folders.end());
  result.child_processes = !options.no_drivers;
  return result;
}

Inventory look_at(const MachineOptions& options) {
  if (options.inventory) return Inventory::load(*options.inventory);
  if (options.simulate) return simulate(*options.simulate);
  return discover(discover_options(options));
}

}  // namespace berth::cli
