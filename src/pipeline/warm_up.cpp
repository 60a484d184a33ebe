#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

#include "berth/error.h"
#include "discover/cpu.h"
#include "pipeline/graph.h"

namespace berth {
namespace {

struct Task {
  std::string_view name;
  Component* component;
  std::uint64_t bytes;
  std::exception_ptr problem;
};

void warm_up_one(Task& task, const WarmUpOptions& options) noexcept {
  try {
    if (options.stop.stop_requested()) throw Cancelled("Warming up the pipeline was cancelled");
    if (options.progress) options.progress(task.name, false);
    task.component->warm_up();
    if (options.progress) options.progress(task.name, true);
  } catch (...) {
    task.problem = std::current_exception();
  }
}

void rethrow(const Task& task) {
  if (!task.problem) return;
  try {
    std::rethrow_exception(task.problem);
  } catch (const Cancelled&) {
    throw;
  } catch (const std::exception& cause) {
    throw PipelineError(std::string(task.name),
                        fmt::format("Component '{}' could not be warmed up: {}", task.name, cause.what()));
  }
}

}  // namespace

void Pipeline::warm_up(const WarmUpOptions& options) {
  std::vector<Task> heavy;
  for (const auto& node : graph_->nodes) {
    Task task{node.name, node.component.get(), node.component->load_bytes(), nullptr};
    const bool twice = std::ranges::find(heavy, task.component, &Task::component) != heavy.end();
    if (task.bytes != 0 && !twice) {
      heavy.push_back(task);
      continue;
    }
    if (twice) continue;
    warm_up_one(task, options);
    rethrow(task);
  }
  for (std::size_t start = 0; start < heavy.size();) {
    // As many at a time as fit; always one.
    const auto available = discovery::available_memory_bytes();
    auto needed = heavy[start].bytes;
    std::size_t end = start + 1;
    while (end < heavy.size() && needed + heavy[end].bytes <= available) needed += heavy[end++].bytes;
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = start + 1; i < end; ++i) threads.emplace_back([&, i] { warm_up_one(heavy[i], options); });
      warm_up_one(heavy[start], options);
    }
    for (std::size_t i = start; i < end; ++i) rethrow(heavy[i]);
    start = end;
  }
}

}  // namespace berth
