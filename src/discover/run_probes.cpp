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

std::vector<Findings> run_probes(std::span<const Probe* const> wanted, const DiscoverOptions& options,
                                 const Machine& machine) {
  std::vector<const Probe*> in_children;
  for (const Probe* probe : wanted)
    if (probe->in_child && options.child_processes) in_children.push_back(probe);
  std::future<std::vector<Findings>> children;
  if (!in_children.empty())
    children = std::async(std::launch::async | std::launch::deferred, run_in_children, in_children, machine,
                          options.probe_timeout);

  std::vector<Findings> findings(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Probe& probe = *wanted[i];
    if (!probe.in_child || (!options.child_processes && probe.or_here))
      findings[i] = run_probe(probe, machine);
    else if (!options.child_processes)
      findings[i] = skipped(probe, "it enters a driver, which only a process of its own may do");
  }
  if (!children.valid()) return findings;
  auto answers = children.get();
  auto next = answers.begin();
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i]->in_child) findings[i] = std::move(*next++);
  return findings;
}

std::vector<Findings> run_probes(const DiscoverOptions& options, const Machine& machine) {
  return run_probes(wanted_probes(options), options, machine);
}

}  // namespace berth::discovery
