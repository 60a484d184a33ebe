#include "berth/resolve.h"

#include <memory>
#include <optional>
#include <string>

#include "berth/engine.h"
#include "berth/value.h"
#include "command.h"
#include "device_argument.h"
#include "help.h"
#include "output.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto examples =
    "Examples:\n"
    "  berth resolve\n"
    "  berth resolve --explain\n"
    "  berth resolve '{\"model.embed\": 0, \"lm_head\": \"cpu\"}' --json";

struct Options {
  std::optional<std::string> device;
  bool explain = false;
  bool json = false;
};

int resolve_command(const Options& options) {
  std::optional<ComponentDevice> request;
  if (options.device) request = parse_device_argument(*options.device);
  const auto resolution =
      request ? resolve(request, {}) : resolve(request, available_devices(), ResolvePolicy::from_environment());
  if (options.json) {
    Value::Array reasons;
    for (const auto& [device, taken, why] : resolution.reasons)
      reasons.push_back(Value::Object{{"device", plain_value(device)}, {"taken", taken}, {"why", why}});
    print(Value(Value::Object{{"device", resolution.device.to_dict()}, {"reasons", std::move(reasons)}}).to_json(2) +
          "\n");
    return done;
  }
  print(escaped(resolution.device.str()) + "\n");
  if (options.explain) print(escaped(resolution.str(), true) + "\n");
  return done;
}

}  // namespace

void add_resolve(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("resolve", "Print the device that is used where DEVICE, or none, is asked for");
  set_help(*command, examples);
  auto options = std::make_shared<Options>();
  command->add_option("DEVICE", options->device, device_argument_help)->type_name("DEVICE");
  command->add_flag("--explain", options->explain, "Also print each device that was looked at, and why it was taken");
  command->add_flag("--json", options->json, "Print one JSON document: {\"device\": {...}, \"reasons\": [...]}");
  command->callback([options, &action] { action = [options] { return resolve_command(*options); }; });
}

}  // namespace berth::cli
