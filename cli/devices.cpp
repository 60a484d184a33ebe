#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

#include "berth/error.h"
#include "berth/measure.h"
#include "berth/resolve.h"
#include "berth/watch.h"
#include "command.h"
#include "devices_report.h"
#include "help.h"
#include "interrupt.h"
#include "machine_options.h"
#include "output.h"
#include "progress.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto examples =
    "Examples:\n"
    "  berth devices\n"
    "  berth devices --explain\n"
    "  berth devices --measure --save machine.json\n"
    "  berth devices --inventory machine.json --json\n"
    "  berth devices --simulate cpu:64GiB,cuda:2x24GiB\n"
    "  berth devices --watch";

struct Options {
  MachineOptions machine;
  std::optional<std::string> save;
  bool explain = false;
  bool measure = false;
  bool measure_again = false;
  bool watch = false;
  double interval_s = 2;
  bool json = false;
};

std::string default_device(const Inventory& inventory) {
  const auto resolution = resolve({}, inventory, ResolvePolicy::from_environment());
  const auto taken = std::ranges::find(resolution.reasons, true, &ResolveReason::taken);
  return fmt::format("Default: {}, {}.\n", taken->device.str(), taken->why);
}

Value with_default(const Inventory& inventory) {
  auto document = inventory.to_dict();
  document.as_object().set("default", resolve({}, inventory, ResolvePolicy::from_environment()).device.str());
  return document;
}

void show(const Inventory& inventory, const Options& options) {
  if (options.json) return print(with_default(inventory).to_json(2) + "\n");
  print(device_table(inventory));
  print("\n" + default_device(inventory));
  if (options.explain) print("\n" + explanation(inventory));
}

/// One line for each change, until Ctrl-C.
int watch_devices(const Inventory& start, const Options& options) {
  const auto interval = std::chrono::milliseconds(static_cast<std::int64_t>(options.interval_s * 1000));
  Interrupt interrupt;
  const auto tell = [&](const Inventory& now, const std::vector<InventoryChange>& changes) {
    for (const auto& change : changes)
      print(options.json ? Value(Value::Object{{"taken_at", now.taken_at},
                                               {"what", change.what},
                                               {"field", change.field},
                                               {"before", change.before},
                                               {"after", change.after}})
                                   .to_json() +
                               "\n"
                         : now.taken_at + " " + escaped(change.str()) + "\n");
    flush();
  };
  const auto look = [&] { return discover(discover_options(options.machine)); };
  const Watch watch(start, tell, {.interval = interval, .look = look});
  const auto stop = interrupt.token();
  while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return 128 + interrupt.signal();
}

Inventory measured(Inventory inventory, bool again) {
  const Interrupt interrupt;
  const auto of =
      std::ranges::count_if(inventory.devices, [](const DeviceInfo& info) { return !info.engines.empty(); });
  std::optional<Progress> progress;
  std::ptrdiff_t done_devices = 0;
  MeasureOptions options{.again = again, .stop = interrupt.token()};
  options.progress = [&](std::string_view) {
    if (!progress) progress.emplace("measuring");
    progress->show(static_cast<float>(done_devices++) / static_cast<float>(of));
  };
  try {
    return measure(std::move(inventory), options);
  } catch (const Cancelled&) {
    interrupt.check();
    throw;
  }
}

int devices(const Options& options) {
  auto inventory = look_at(options.machine);
  if (options.measure || options.measure_again) inventory = measured(std::move(inventory), options.measure_again);
  if (options.save) inventory.save(*options.save);
  if (!options.watch || !options.json) show(inventory, options);
  if (!options.watch) return done;
  flush();
  return watch_devices(inventory, options);
}

}  // namespace

void add_devices(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("devices", "List the devices of a machine and which one is the default");
  set_help(*command, examples);
  auto options = std::make_shared<Options>();
  command->add_flag("--explain", options->explain,
                    "Also print what each probe saw and all that is known of each device");
  command->add_option("--save", options->save, "Also write the machine to a file, for --inventory")->type_name("FILE");
  add_machine_options(*command, options->machine);
  auto* measure =
      command->add_flag("--measure", options->measure,
                        "Also measure how fast each device is, in up to 3 s each; what was measured is kept");
  auto* again = command->add_flag("--measure-again", options->measure_again, "Measure also what was kept");
  for (auto* each : {measure, again})
    each->excludes(command->get_option("--inventory"), command->get_option("--simulate"));
  auto* watch = command->add_flag("--watch", options->watch, "Go on, and print what changes until Ctrl-C");
  watch->excludes(command->get_option("--inventory"), command->get_option("--simulate"));
  command->add_option("--interval", options->interval_s, "Seconds between two looks of --watch, 2 by default")
      ->type_name("SECONDS")
      ->check(decimal_number())
      ->check(CLI::Range(0.1, 86400.0))
      ->needs(watch);
  command->add_flag("--json", options->json,
                    "Print one JSON document (docs/inventory.schema.json); with --watch one line for each change");
  command->callback([options, &action] { action = [options] { return devices(*options); }; });
}

}  // namespace berth::cli
