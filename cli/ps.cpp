#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "berth/running.h"
#include "berth/simulated.h"
#include "command.h"
#include "help.h"
#include "output.h"
#include "text/bytes.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto ps_examples =
    "Examples:\n"
    "  berth ps\n"
    "  berth ps --json";

std::string age(std::int64_t since) {
  const auto seconds = std::max<std::int64_t>(std::time(nullptr) - since, 0);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  return seconds < 86'400 ? fmt::format("{} h", seconds / 3600) : fmt::format("{} days", seconds / 86'400);
}

std::uint64_t bytes_on(const std::vector<DeviceUse>& uses, const Device& device) {
  std::uint64_t bytes = 0;
  for (const auto& use : uses)
    if (use.device == device) bytes += use.total();
  return bytes;
}

std::string device_lines(const RunningModel& model) {
  std::string lines;
  std::vector<Device> told;
  for (const auto* uses : {&model.held, &model.kept})
    for (const auto& use : *uses) {
      if (std::ranges::find(told, use.device) != told.end()) continue;
      told.push_back(use.device);
      lines += fmt::format("  {:<10} {:>10} held, {:>10} kept{}\n", use.device.str(),
                           in_units(bytes_on(model.held, use.device)), in_units(bytes_on(model.kept, use.device)),
                           is_simulated(use.key) ? ", simulated" : "");
    }
  return lines;
}

std::string running_text(const std::vector<RunningModel>& models) {
  if (models.empty()) return "No model of this user runs.\n";
  std::string text;
  for (const auto& model : models) {
    text += fmt::format("{} {}, {}, for {}\n", model.pid, escaped(model.program), escaped(model.path.filename().string()),
                        age(model.since));
    text += device_lines(model);
  }
  return text;
}

}  // namespace

void add_ps(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("ps", "Say which models run, where, and how much memory is kept for them");
  set_help(*command, ps_examples);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print one JSON document: a list of models");
  command->callback([json, &action] {
    action = [json] {
      const auto models = running_models();
      Value::Array documents;
      for (const auto& model : models) documents.push_back(model.to_dict());
      print(*json ? Value(std::move(documents)).to_json(2) + "\n" : running_text(models));
      return done;
    };
  });
}

}  // namespace berth::cli
