#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "berth/engine.h"
#include "berth/resolve.h"
#include "berth/value.h"
#include "command.h"
#include "help.h"
#include "output.h"
#include "text.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto examples =
    "Examples:\n"
    "  berth devices\n"
    "  berth devices --json";

DeviceName engine_of(const DeviceInfo& info) { return info.engines.empty() ? DeviceName{} : info.engines.front(); }

Value as_value(const DeviceInfo& info) {
  return Value::Object{{"device", info.device.str()},     {"name", info.name},
                       {"engine", engine_of(info).in},    {"engine_name", engine_of(info).name},
                       {"total_bytes", info.total_bytes}, {"free_bytes", info.free_bytes}};
}

void print_row(std::string_view device, std::string_view name, std::string_view free, std::string_view total,
               std::string_view engine) {
  auto row =
      fmt::format("{} {} {:>10} {:>10}  {}", fitted(device, 10), fitted(name, 32), free, total, fitted(engine, 12));
  row.resize(row.find_last_not_of(' ') + 1);
  print(row + "\n");
}

int devices(bool json) {
  const auto infos = discover_devices();
  std::vector<Device> available;
  for (const auto& info : infos) available.push_back(info.device);
  const auto chosen = resolve(std::nullopt, available, ResolvePolicy::from_environment());

  if (json) {
    Value::Array list;
    for (const auto& info : infos) list.push_back(as_value(info));
    print(Value(Value::Object{{"devices", std::move(list)}, {"default", chosen.device.str()}}).to_json(2) + "\n");
    return done;
  }
  print_row("DEVICE", "NAME", "FREE", "TOTAL", "ENGINE");
  for (const auto& info : infos)
    print_row(info.device.str(), escaped(info.name), in_units(info.free_bytes), in_units(info.total_bytes),
              info.engines.empty() ? "-" : escaped(engine_of(info).in));
  const auto taken = std::ranges::find(chosen.reasons, true, &ResolveReason::taken);
  print(fmt::format("\nDefault: {}, {}.\n", taken->device.str(), taken->why));
  return done;
}

}  // namespace

void add_devices(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("devices", "List the devices of this machine and which one is the default");
  set_help(*command, examples);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print one JSON document: {\"devices\": [...], \"default\": \"cpu\"}");
  command->callback([json, &action] { action = [json] { return devices(*json); }; });
}

}  // namespace berth::cli
