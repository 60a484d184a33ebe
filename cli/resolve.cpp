#include "berth/resolve.h"

#include <memory>
#include <optional>
#include <string>

#include "berth/value.h"
#include "command.h"
#include "device_argument.h"
#include "help.h"
#include "machine_options.h"
#include "output.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto resolve_examples =
    "Examples:\n"
    "  berth resolve\n"
    "  berth resolve --explain\n"
    "  berth resolve \"gpu, 8 GiB free, bf16\" --policy most_free\n"
    "  berth resolve cuda:1 --inventory machine.json\n"
    "  berth resolve '{\"lm_head\": \"cpu\"}' --simulate cpu:64GiB,cuda:24GiB --json";

struct ResolveOptions {
  std::optional<std::string> wish;
  MachineOptions machine;
  std::string policy = "haystack";
  bool explain = false;
  bool json = false;
};

int resolve_command(const ResolveOptions& options) {
  const auto request = options.wish ? parse_request_argument(*options.wish) : ResolveRequest();
  const auto policy = ResolvePolicy::from_environment(resolve_rule_from_str(options.policy));
  const auto resolution = resolve(request, look_at(options.machine), policy);
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
  auto* command = app.add_subcommand("resolve", "Print the device that is used where WISH, or nothing, is asked for");
  set_help(*command, resolve_examples);
  auto options = std::make_shared<ResolveOptions>();
  command->add_option("WISH", options->wish, request_argument_help)->type_name("WISH");
  command->add_option("--policy", options->policy, "Which of the devices that meet the wish is taken")
      ->type_name("POLICY")
      ->check(one_of({"haystack", "most_free", "fastest"}));
  add_machine_options(*command, options->machine);
  command->add_flag("--explain", options->explain, "Also print each device that was looked at, and why it was taken");
  command->add_flag("--json", options->json, "Print one JSON document: {\"device\": {...}, \"reasons\": [...]}");
  command->callback([options, &action] { action = [options] { return resolve_command(*options); }; });
}

}  // namespace berth::cli
