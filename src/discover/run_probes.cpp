#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <future>
#include <stdexcept>

#include "discover/probe.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

Findings skipped(const Probe& probe, std::string why) {
  return {.report = {.probe = std::string(probe.name), .outcome = ProbeOutcome::skipped, .message = std::move(why)}};
}

}  // namespace

std::vector<const Probe*> wanted_probes(const DiscoverOptions& options) {
  std::vector<const Probe*> wanted;
  std::vector<std::string> names;
  for (const auto& probe : probes()) {
    names.emplace_back(probe.name);
    if (!options.probes || std::ranges::find(*options.probes, probe.name) != options.probes->end())
      wanted.push_back(&probe);
  }
  for (const auto& name : options.probes.value_or(std::vector<std::string>()))
    if (std::ranges::find(names, name) == names.end())
      throw std::invalid_argument(
          fmt::format("There is no probe {}; there are {}", in_quotes(name), fmt::join(names, ", ")));
  return wanted;
}

std::vector<Findings> run_probes(const DiscoverOptions& options, const Machine& machine) {
  const auto wanted = wanted_probes(options);
  std::vector<const Probe*> in_children;
  for (const Probe* probe : wanted)
    if (probe->in_child && options.child_processes) in_children.push_back(probe);
  std::future<std::vector<Findings>> children;
  if (!in_children.empty())
    children = std::async(std::launch::async | std::launch::deferred, run_in_children, in_children, machine, options.probe_timeout);

  std::vector<Findings> findings;
  for (const Probe* probe : wanted)
    if (!probe->in_child)
      findings.push_back(run_probe(*probe, machine));
    else if (!options.child_processes)
      findings.push_back(skipped(*probe, "it enters a driver, which only a process of its own may do"));
  if (children.valid())
    for (auto& each : children.get()) findings.push_back(std::move(each));
  const auto place = [](const Findings& each) {
    return std::ranges::find(probes(), each.report.probe, &Probe::name) - probes().begin();
  };
  std::ranges::stable_sort(findings, {}, place);
  return findings;
}

}  // namespace berth::discovery
