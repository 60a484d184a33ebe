#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <future>
#include <memory>
#include <optional>

#include "berth/error.h"
#include "berth/measure.h"
#include "berth/resolve.h"
#include "berth/watch.h"
#include "command.h"
#include "devices_report.h"
#include "doctor.h"
#include "help.h"
#include "interrupt.h"
#include "machine_options.h"
#include "output.h"
#include "progress.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto devices_examples =
    "Examples:\n"
    "  berth devices\n"
    "  berth devices --explain\n"
    "  berth devices --measure --save machine.json\n"
    "  berth devices --inventory machine.json --json\n"
    "  berth devices --simulate cpu:64GiB,cuda:2x24GiB\n"
    "  berth devices --watch";

struct DevicesOptions {
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

void show(const Inventory& inventory, const DevicesOptions& options) {
  if (options.json) return print(with_default(inventory).to_json(options.watch ? -1 : 2) + "\n");
  print(device_table(inventory));
  print("\n" + default_device(inventory));
  if (options.measure || options.measure_again)
    if (const auto speeds = measured_speeds(inventory); !speeds.empty()) print("\n" + speeds);
  if (options.explain) print("\n" + explanation(inventory));
}

/// What keeps devices of this machine from being seen.
void note_problems(const Inventory& inventory) {
  if (inventory.origin != InventoryOrigin::this_machine) return;
  for (const auto& report : inventory.probes)
    if (state_of(report) == State::problem)
      note(fmt::format("{}: {} (berth doctor says more)", escaped(report.probe), escaped(text_of(report))));
}

void tell(const Inventory& now, const std::vector<InventoryChange>& changes, bool json) {
  for (const auto& change : changes)
    print(json ? Value(Value::Object{{"taken_at", now.taken_at},
                                     {"what", change.what},
                                     {"field", change.field},
                                     {"before", change.before},
                                     {"after", change.after}})
                         .to_json() +
                     "\n"
               : now.taken_at + " " + escaped(change.str()) + "\n");
  flush();
}

/// The machine, then one line for each change from `start`, until Ctrl-C or an error.
int watch_devices(const Inventory& inventory, const Inventory& start, const DevicesOptions& options) {
  const Interrupt interrupt;  // who reads the first line may send a signal
  show(inventory, options);
  flush();
  std::promise<void> error;
  // The watching ends silently at the first exception: it is taken along from there.
  const auto or_end = [&](auto work) {
    try {
      return work();
    } catch (...) {
      error.set_exception(std::current_exception());
      throw;
    }
  };
  const Watch watch(start,
                    [&](const Inventory& now, const std::vector<InventoryChange>& changes) {
                      or_end([&] { tell(now, changes, options.json); });
                    },
                    {.interval = std::chrono::milliseconds(static_cast<std::int64_t>(options.interval_s * 1000)),
                     .look = [&] { return or_end([&] { return see(options.machine); }); }});
  const auto stop = interrupt.token();
  auto ended = error.get_future();
  while (!stop.stop_requested())
    if (ended.wait_for(std::chrono::milliseconds(50)) == std::future_status::ready) ended.get();
  return 128 + interrupt.signal();
}

Inventory measured(const Inventory& inventory, bool again) {
  const Interrupt interrupt;
  std::optional<Progress> progress;
  MeasureOptions options{.again = again, .stop = interrupt.token()};
  options.progress = [&](std::string_view device) {
    if (!progress) progress.emplace("measuring");
    const auto at = std::ranges::find(inventory.devices, device, [](const auto& info) { return info.device.str(); });
    progress->show(static_cast<float>(at - inventory.devices.begin()) / static_cast<float>(inventory.devices.size()));
  };
  try {
    auto result = measure(inventory, options);
    progress.reset();
    for (const auto& problem : result.probes.back().notes) note("measure: " + escaped(problem));
    return result;
  } catch (const Cancelled&) {
    interrupt.check();
    throw;
  }
}

int devices(const DevicesOptions& options) {
  const auto seen = see(options.machine);
  note_problems(seen);
  const auto inventory =
      options.measure || options.measure_again ? measured(seen, options.measure_again) : with_kept_speeds(seen);
  if (options.save) inventory.save(*options.save);
  if (options.watch) return watch_devices(inventory, seen, options);
  show(inventory, options);
  return done;
}

}  // namespace

void add_devices(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("devices", "List the devices of a machine and which one is the default");
  set_help(*command, devices_examples);
  auto options = std::make_shared<DevicesOptions>();
  command->add_flag("--explain", options->explain,
                    "Also print what each probe saw and all that is known of each device");
  command->add_option("--save", options->save, "Also write the machine to a file, for --inventory")->type_name("FILE");
  add_machine_options(*command, options->machine);
  auto* measure =
      command->add_flag("--measure", options->measure,
                        "Also measure how fast each device is, in some 4 s each; what was measured is kept");
  auto* again = command->add_flag("--measure-again", options->measure_again,
                                  "Measure also what was kept, and keep what is better");
  for (auto* each : {measure, again})
    each->excludes(command->get_option("--inventory"), command->get_option("--simulate"));
  auto* watch = command->add_flag("--watch", options->watch, "Go on, and print what changes until Ctrl-C");
  watch->excludes(command->get_option("--inventory"), command->get_option("--simulate"));
  command
      ->add_option("--interval", options->interval_s,
                   "Seconds between two looks of --watch, 0.1 to 86400, by default 2")
      ->type_name("SECONDS")
      ->check(decimal_number())
      ->check(CLI::Range(0.1, 86400.0))
      ->needs(watch);
  command->add_flag(
      "--json", options->json,
      "Print one JSON document (docs/inventory.schema.json, and \"default\", the device that is taken where none "
      "is asked for); with --watch it is one line, and one more follows for each change");
  command->callback([options, &action] { action = [options] { return devices(*options); }; });
}

}  // namespace berth::cli
