#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <stdexcept>

#include "text.h"
#include "text/bytes.h"
#include "text/printable.h"
#include "workers.h"

namespace berth::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// As much as takes a part of a second on the way there, so that a slow one answers in time too.
std::optional<double> measured_rate(discovery::RpcWorker& worker, Clock::time_point end) {
  constexpr std::uint64_t most = 16 << 20;
  constexpr double wanted_s = 0.3;
  try {
    std::uint64_t bytes = 64 << 10;
    auto rate = worker.bytes_per_s(0, bytes);
    while (bytes < most && static_cast<double>(bytes) / rate < wanted_s / 2 && Clock::now() < end) {
      bytes = std::min(most, bytes * 8);
      rate = std::max(rate, worker.bytes_per_s(0, bytes));
    }
    return rate;
  } catch (const discovery::RpcError&) {
    return std::nullopt;
  }
}

WorkerAnswer ask_worker(const KnownWorker& known, std::chrono::milliseconds patience) {
  WorkerAnswer answer{.worker = known};
  const auto started = Clock::now();
  try {
    discovery::RpcWorker worker(known.endpoint, patience);
    answer.version = worker.version();
    answer.address = worker.address();
    answer.devices = worker.devices();
    answer.latency_us = worker.round_trip_us();
    if (answer.devices.empty()) answer.problem = "it has no devices";
    if (!answer.devices.empty()) answer.bytes_per_s = measured_rate(worker, started + patience / 2);
  } catch (const std::exception& problem) {
    answer.problem = problem.what();
  }
  return answer;
}

std::string rate_text(const std::optional<double>& bytes_per_s) {
  if (!bytes_per_s) return "-";
  return *bytes_per_s >= 1e9 ? fmt::format("{:.1f} GB/s", *bytes_per_s / 1e9)
                             : fmt::format("{:.1f} MB/s", *bytes_per_s / 1e6);
}

std::string latency_text(double us) {
  return us < 1000 ? fmt::format("{:.0f} us", us) : fmt::format("{:.1f} ms", us / 1000);
}

std::string devices_lines(const WorkerAnswer& answer) {
  std::string lines;
  for (std::size_t i = 0; i < answer.devices.size(); ++i)
    lines += fmt::format("  device {}: {} free of {}\n", i, in_units(answer.devices[i].free_bytes),
                         in_units(answer.devices[i].total_bytes));
  return lines;
}

}  // namespace

std::vector<WorkerAnswer> ask_workers(const std::vector<KnownWorker>& workers, std::chrono::milliseconds patience) {
  std::vector<std::future<WorkerAnswer>> asked;
  for (const auto& worker : workers) asked.push_back(std::async(std::launch::async, ask_worker, worker, patience));
  std::vector<WorkerAnswer> answers;
  for (auto& each : asked) answers.push_back(each.get());
  return answers;
}

std::string answers_table(const std::vector<WorkerAnswer>& answers) {
  std::string text;
  for (const auto& answer : answers) {
    text += fmt::format("{} ({}): ", answer.worker.name, escaped(answer.worker.endpoint));
    if (!answer.problem.empty()) {
      text += wrapped(escaped(answer.problem), 2) + "\n";
      continue;
    }
    text += fmt::format("ok, {}, {}, protocol {}\n", latency_text(answer.latency_us), rate_text(answer.bytes_per_s),
                        answer.version);
    text += devices_lines(answer);
  }
  return text;
}

Value answers_value(const std::vector<WorkerAnswer>& answers) {
  Value::Array list;
  for (const auto& answer : answers) {
    Value::Object entry{
        {"name", answer.worker.name}, {"endpoint", answer.worker.endpoint}, {"ok", answer.problem.empty()}};
    if (!answer.problem.empty()) {
      entry.set("problem", answer.problem);
    } else {
      Value::Array devices;
      for (const auto& device : answer.devices)
        devices.push_back(Value::Object{{"free_bytes", static_cast<std::int64_t>(device.free_bytes)},
                                        {"total_bytes", static_cast<std::int64_t>(device.total_bytes)}});
      entry.set("version", answer.version);
      entry.set("address", answer.address);
      entry.set("devices", std::move(devices));
      entry.set("latency_us", answer.latency_us);
      entry.set("bytes_per_s", answer.bytes_per_s ? Value(*answer.bytes_per_s) : Value());
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace berth::cli
