#include "engine/llama/modules.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <ggml-backend.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <system_error>

#include "engine/llama/library_file.h"
#include "engine/llama/log_capture.h"

namespace berth::llama {
namespace {

constexpr std::string_view prefix = "libggml-";
constexpr std::string_view suffix = ".so";

struct Close {
  void operator()(void* handle) const { dlclose(handle); }
};
using Handle = std::unique_ptr<void, Close>;

bool is_cpu(const Module& module) { return module.name == "cpu" || module.name.starts_with("cpu-"); }

/// What the loader said of a file, in the words of somebody who wants to use it.
std::string reason(const Module& module, std::string_view said) {
  if (said.starts_with(module.path.string() + ": ")) said.remove_prefix(module.path.string().size() + 2);
  const auto library = said.substr(0, said.find(": "));
  if (library.starts_with("libberth-ggml"))
    return fmt::format("it belongs to another version of Berth (it needs {}); install the one of this version",
                       library);
  if (said.find("cannot open shared object file: No such file") != said.npos)
    return fmt::format("it needs {}, which is not on this machine", library);
  if (said.starts_with("undefined symbol"))
    return fmt::format("it does not go with a library that it uses, or belongs to another version of Berth ({})", said);
  return std::string(said);
}

/// Empty, with `module.problem` set, where it cannot be opened.
Handle open(Module& module) {
  module.problem = damage_of_library(module.path);
  if (!module.problem.empty()) {
    module.problem += "; install it anew";
    return {};
  }
  Handle handle(dlopen(module.path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle) {
    const char* said = dlerror();
    module.problem = reason(module, said == nullptr ? "no reason was given" : said);
  } else if (dlsym(handle.get(), "ggml_backend_init") == nullptr) {
    module.problem = "it is no backend of ggml: it has no ggml_backend_init";
    handle.reset();
  }
  return handle;
}

/// How well it suits this processor; 0 where it would crash.
int score(void* handle) {
  const auto function = reinterpret_cast<int (*)()>(dlsym(handle, "ggml_backend_score"));
  return function == nullptr ? 1 : function();
}

void load(Module& module) {
  const auto handle = open(module);
  if (!handle) return;
  if (score(handle.get()) == 0) {
    module.problem = "this processor lacks instructions that it was compiled for";
    return;
  }
  LogCapture log;
  module.loaded = ggml_backend_load(module.path.c_str()) != nullptr;  // the path is absolute: nothing is searched
  if (module.loaded) return;
  auto said = log.errors("ggml does not take it");
  const auto colon = said.find(module.path.string() + ": ");
  if (colon != said.npos) said.erase(0, colon + module.path.string().size() + 2);
  module.problem = said;
}

/// The best for this processor; nullptr where none can be used.
Module* best_of(const std::vector<Module*>& variants) {
  Module* best = nullptr;
  int best_score = 0;
  for (Module* each : variants) {
    const auto handle = open(*each);
    const int points = handle ? score(handle.get()) : 0;
    if (points > best_score) {
      best = each;
      best_score = points;
    }
  }
  return best;
}

}  // namespace

bool Module::enters_driver() const { return !is_cpu(*this) && name != "rpc" && name != "blas"; }

std::vector<Module> find_modules(const std::filesystem::path& folder) {
  std::vector<Module> found;
  std::error_code problem;
  const auto absolute = std::filesystem::absolute(folder, problem);
  std::filesystem::directory_iterator file(absolute, problem);
  for (; !problem && file != std::filesystem::directory_iterator(); file.increment(problem)) {
    const auto name = file->path().filename().string();
    std::error_code ignored;
    if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix) ||
        !file->is_regular_file(ignored))
      continue;
    found.push_back({name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()), file->path()});
  }
  std::ranges::sort(found, {}, &Module::name);
  return found;
}

void load_modules(std::span<Module> modules) {
  LogCapture::install();
  std::vector<Module*> for_cpu;
  for (auto& each : modules) {
    if (is_cpu(each))
      for_cpu.push_back(&each);
    else
      load(each);
  }
  if (for_cpu.empty()) return;
  if (Module* best = best_of(for_cpu); best != nullptr)
    load(*best);
  else
    for (Module* each : for_cpu)
      if (each->problem.empty()) each->problem = "this processor lacks instructions that it was compiled for";
}

}  // namespace berth::llama
