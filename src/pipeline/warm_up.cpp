#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "berth/pipeline.h"
#include "pipeline/callbacks.h"
#include "pipeline/failure.h"
#include "pipeline/free_memory.h"
#include "pipeline/graph.h"

namespace berth {
namespace {

constexpr std::string_view warming_up = "The warming up of the pipeline";

struct Task {
  std::string_view name;
  Component* component;
  std::vector<DeviceUse> use;
  std::exception_ptr problem;
};

void warm_up_one(Task& task, const WarmUpOptions& options) noexcept {
  try {
    const CallContext context(options.stop, log_of(std::string(task.name), options.log));
    context.throw_if_stopped(warming_up);
    if (options.progress) options.progress(task.name, false);
    task.component->warm_up(context);
    if (options.progress) options.progress(task.name, true);
  } catch (...) {
    task.problem = std::current_exception();
  }
}

/// Throws where one of `tasks` failed, or the caller wants an end.
void check(std::span<const Task> tasks, const std::stop_token& stop) {
  CallContext(stop).throw_if_stopped(warming_up);
  std::vector<Failure> failures;
  for (const auto& task : tasks)
    if (task.problem) failures.push_back({std::string(task.name), task.problem});
  throw_first(failures, [](const std::string& component, const std::string& cause) {
    return fmt::format("Component '{}' could not be warmed up: {}", component, cause);
  });
}

}  // namespace

void Pipeline::warm_up(const WarmUpOptions& given) {
  // One that fails ends the others, so that the error comes at once.
  std::stop_source failed;
  const std::stop_callback forward(given.stop, [&] { failed.request_stop(); });
  const WarmUpOptions options{
      .progress = one_at_a_time(given.progress), .stop = failed.get_token(), .log = one_at_a_time(given.log)};
  const auto warm_up_task = [&](Task& task) {
    warm_up_one(task, options);
    if (task.problem) failed.request_stop();
  };

  std::vector<Task> heavy;
  for (const auto& node : graph_->nodes) {
    if (std::ranges::find(heavy, node.component.get(), &Task::component) != heavy.end()) continue;
    Task task{node.name, node.component.get(), node.component->load_use(), nullptr};
    if (!task.use.empty()) {
      heavy.push_back(task);
      continue;
    }
    warm_up_task(task);
    check(std::span(&task, 1), given.stop);
  }
  for (std::span<Task> rest = heavy; !rest.empty();) {
    // As many at a time as fit; always one.
    FreeMemory memory;
    std::size_t count = 1;
    if (memory.take(rest.front().use))
      while (count < rest.size() && memory.take(rest[count].use)) ++count;
    {
      std::vector<std::jthread> threads;
      for (auto& task : rest.subspan(1, count - 1)) threads.emplace_back([&] { warm_up_task(task); });
      warm_up_task(rest.front());
    }
    check(rest.first(count), given.stop);
    rest = rest.subspan(count);
  }
}

}  // namespace berth
