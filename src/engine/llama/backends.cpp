#include "engine/llama/backends.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <llama.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <shared_mutex>
#include <span>

#include "berth/error.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/modules.h"

namespace berth::llama {
namespace {

/// Modules lie beside the ggml that they share with libberth, in the build as after the installation.
std::vector<Module> modules_of_this_build() {
  Dl_info place{};
  std::error_code problem;
  if (!BERTH_LLAMA_MODULES || dladdr(reinterpret_cast<void*>(&ggml_backend_load), &place) == 0) return {};
  return find_modules(std::filesystem::canonical(place.dli_fname, problem).parent_path());
}

struct State {
  std::shared_mutex mutex;
  std::vector<Module> modules = modules_of_this_build();
  std::span<Module> with_drivers;     // the second part of `modules`
  std::span<Module> without_drivers;  // the first one
  std::atomic<bool> started = false;
  std::atomic<bool> started_all = false;

  State() {
    const auto drivers =
        std::ranges::stable_partition(modules, [](const Module& each) { return !each.enters_driver(); });
    with_drivers = drivers;
    without_drivers = std::span(modules).first(modules.size() - with_drivers.size());
  }
};

State& state() {
  static State it;
  return it;
}

thread_local int held = 0;

}  // namespace

void start_backends(Backends wanted) {
  State& s = state();
  if (s.started_all || (s.started && wanted == Backends::without_drivers)) return;
  if (held > 0)
    throw EngineError("llama.cpp", "", "a callback of a load cannot be the first to ask for GPUs; ask before the load");
  const std::lock_guard lock(s.mutex);
  LogCapture quiet;
  if (!s.started) {
    LogCapture::install();
    load_modules(s.without_drivers);
    // An installed llama.cpp may have plugins. Modules are in their folder and nowhere else.
    if (!BERTH_LLAMA_MODULES && ggml_backend_dev_count() == 0) ggml_backend_load_all();
    llama_backend_init();
    s.started = true;
  }
  if (wanted == Backends::all && !s.started_all) {
    load_modules(s.with_drivers);
    s.started_all = true;
  }
}

HoldBackends::HoldBackends() {
  if (held++ == 0) state().mutex.lock_shared();
}

HoldBackends::~HoldBackends() {
  if (--held == 0) state().mutex.unlock_shared();
}

bool has_modules() { return !state().modules.empty(); }

bool backends_enter_drivers() { return BERTH_ENGINES_ENTER_DRIVERS || !state().with_drivers.empty(); }

std::vector<std::string> backend_problems() {
  const HoldBackends hold;
  std::vector<std::string> problems;
  for (const auto& each : state().modules)
    if (!each.problem.empty())
      problems.push_back(fmt::format("the module {} was not loaded: {}", each.name, each.problem));
  return problems;
}

std::vector<std::string> backend_notes() {
  const HoldBackends hold;
  auto notes = backend_problems();
  std::vector<std::string> loaded;
  for (const auto& each : state().modules)
    if (each.loaded) loaded.push_back(each.name);
  if (!loaded.empty()) notes.insert(notes.begin(), fmt::format("modules: {}", fmt::join(loaded, ", ")));
  return notes;
}

}  // namespace berth::llama
