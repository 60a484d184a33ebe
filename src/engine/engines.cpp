#include <array>
#include <stdexcept>

#include "berth/engine.h"
#include "engine/engine_here.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/host/hosted_engine.h"
#include "engine/llama/llama_engine.h"
#endif

namespace berth {
namespace {

std::span<const Engine* const> engines_here() {
#ifdef BERTH_WITH_LLAMA
  static const llama::LlamaEngine llama_engine;
  static const std::array<const Engine*, 1> all = {&llama_engine};
#else
  static const std::array<const Engine*, 0> all = {};
#endif
  return all;
}

const Engine& engine_of(std::span<const Engine* const> all, std::string_view name) {
  std::string names;
  for (const Engine* candidate : all) {
    if (candidate->name() == name) return *candidate;
    names += (names.empty() ? "" : ", ") + std::string(candidate->name());
  }
  throw std::invalid_argument("No engine is named '" + std::string(name) +
                              "'; this build has: " + (names.empty() ? "none" : names));
}

}  // namespace

std::span<const Engine* const> engines() {
#ifdef BERTH_WITH_LLAMA
  static const host::HostedEngine hosted(*engines_here().front());
  static const std::array<const Engine*, 1> all = {&hosted};
  return all;
#else
  return engines_here();
#endif
}

const Engine& engine(std::string_view name) { return engine_of(engines(), name); }
const Engine& engine_here(std::string_view name) { return engine_of(engines_here(), name); }

}  // namespace berth
