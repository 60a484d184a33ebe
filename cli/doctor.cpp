#include "doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "devices_report.h"
#include "help.h"
#include "machine_options.h"
#include "output.h"
#include "text.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto doctor_examples =
    "Examples:\n"
    "  berth doctor\n"
    "  berth doctor --json\n"
    "  berth doctor --inventory machine.json\n"
    "\n"
    "Exit codes: 0 nothing is wrong, 1 something is there and cannot be used.";

struct DoctorOptions {
  MachineOptions machine;
  bool json = false;
};

struct Finding {
  std::string about;  ///< a probe or a device
  State state;
  std::string text;
};

std::string_view to_string(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::none:
      return "none";
    case State::problem:
      return "problem";
  }
  return "";
}

/// How a build gets an engine that can use such a device; empty where there is no such way.
std::string build_option(const DeviceInfo& info) {
  switch (info.device.type()) {
    case DeviceType::cuda:
      return info.vendor == "AMD" ? "-DBERTH_GGML_HIP=ON" : "-DBERTH_GGML_CUDA=ON";
    case DeviceType::vulkan:
      return "-DBERTH_GGML_VULKAN=ON";
    case DeviceType::xpu:
      return "-DBERTH_GGML_SYCL=ON, or -DBERTH_GGML_VULKAN=ON";
    case DeviceType::mps:
      return "-DBERTH_GGML_METAL=ON";
    default:
      return {};
  }
}

/// What a probe says of the module of ggml that such a device needs; empty where that is there, or no build has it.
std::string module_note(const DeviceInfo& info, const Inventory& inventory) {
  const std::string_view name = info.device.type() == DeviceType::cuda  ? (info.vendor == "AMD" ? "hip" : "cuda")
                                : info.device.type() == DeviceType::xpu ? "sycl"
                                                                        : to_string(info.device.type());
  for (const auto& report : inventory.probes)
    for (const auto& note : report.notes)
      if (note.starts_with(fmt::format("the module {} was not loaded", name))) return note;
  return {};
}

Finding finding_of(const DeviceInfo& info, const Inventory& inventory) {
  const bool of_this_machine = inventory.origin == InventoryOrigin::this_machine;
  const auto about = info.device.str();
  if (!info.engines.empty()) return {about, State::ok, fmt::format("{}: {} can use it", info.name, engine_names(info))};
  if (info.device.type() == DeviceType::disk) return {about, State::ok, info.name};
  const auto option = build_option(info);
  // Nothing is wrong with it, and there is nothing to do.
  if (option.empty()) return {about, State::none, fmt::format("{}: found; Berth has no engine for it", info.name)};
  if (const auto note = module_note(info, inventory); !note.empty())
    return {about, State::problem, fmt::format("{}: found, but no engine can use it: {}", info.name, note)};
  if (!of_this_machine)
    return {about, State::problem,
            fmt::format("{}: found, but no engine could use it there; a Berth that is built with {} can", info.name,
                        option)};
  return {about, State::problem,
          fmt::format("{}: found, but no engine of this build can use it; build Berth with {}", info.name, option)};
}

int doctor(const DoctorOptions& options) {
  const auto inventory = look_at(options.machine);
  std::vector<Finding> findings;
  for (const auto& report : inventory.probes) findings.push_back({report.probe, state_of(report), text_of(report)});
  for (const auto& info : inventory.devices) findings.push_back(finding_of(info, inventory));
  const bool problems = std::ranges::find(findings, State::problem, &Finding::state) != findings.end();

  if (options.json) {
    Value::Array list;
    for (const auto& [about, state, text] : findings)
      list.push_back(Value::Object{{"about", about}, {"state", to_string(state)}, {"text", text}});
    print(Value(Value::Object{{"findings", std::move(list)}, {"problems", problems}}).to_json(2) + "\n");
  } else {
    for (const auto& [about, state, text] : findings)
      print(fmt::format("{} {:<8} {}\n", fitted(escaped(about), 12), to_string(state), wrapped(escaped(text), 22)));
  }
  return problems ? failed : done;
}

}  // namespace

State state_of(const ProbeReport& report) {
  // These miss a driver only where they saw hardware for it; the others miss software, which nobody has to install.
  constexpr std::array<std::string_view, 4> of_hardware = {"cuda", "nvml", "rocm", "level_zero"};
  switch (report.outcome) {
    case ProbeOutcome::found:
      return State::ok;
    case ProbeOutcome::nothing:
    case ProbeOutcome::skipped:
      return State::none;
    case ProbeOutcome::no_driver:
      return std::ranges::find(of_hardware, report.probe) == of_hardware.end() ? State::none : State::problem;
    default:
      return State::problem;
  }
}

std::string text_of(const ProbeReport& report) {
  auto text = report.message.empty() ? std::string(berth::to_string(report.outcome)) : report.message;
  for (const auto& note : report.notes) {
    if (text.ends_with('.')) text.pop_back();
    text += "; " + note;
  }
  return text;
}

void add_doctor(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("doctor", "Say of each kind of device whether it was found, or why not and what to do");
  set_help(*command, doctor_examples);
  auto options = std::make_shared<DoctorOptions>();
  add_machine_options(*command, options->machine);
  command->add_flag("--json", options->json,
                    "Print one JSON document: {\"findings\": [{\"about\", \"state\", \"text\"}], \"problems\": false}");
  command->callback([options, &action] { action = [options] { return doctor(*options); }; });
}

}  // namespace berth::cli
