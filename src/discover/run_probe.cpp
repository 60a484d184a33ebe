#include <chrono>
#include <exception>

#include "discover/drivers/driver_report.h"
#include "discover/probe.h"
#include "text/printable.h"

namespace berth::discovery {

Findings run_probe(const Probe& probe, const Machine& machine) {
  const auto started = std::chrono::steady_clock::now();
  Findings findings;
  try {
    findings = probe.look(machine);
  } catch (const LibraryError& problem) {
    report_library(findings.report, problem, "Its driver is not installed: " + printable(problem.what()));
  } catch (const std::exception& problem) {
    findings.report.outcome = ProbeOutcome::failed;
    findings.report.message = printable(problem.what());
  }
  findings.report.probe = probe.name;
  findings.report.milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  return findings;
}

}  // namespace berth::discovery
