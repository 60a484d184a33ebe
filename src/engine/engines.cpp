#include <array>
#include <stdexcept>

#include "berth/engine.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/host/hosted_engine.h"
#include "engine/llama/llama_engine.h"
#endif

namespace berth {

std::span<const Engine* const> engines() {
#ifdef BERTH_WITH_LLAMA
  static const llama::LlamaEngine llama_engine;
  static const host::HostedEngine hosted(llama_engine);
  static const std::array<const Engine*, 1> all = {&hosted};
#else
  static const std::array<const Engine*, 0> all = {};
#endif
  return all;
}

const Engine& engine(std::string_view name) {
  std::string names;
  for (const Engine* candidate : engines()) {
    if (candidate->name() == name) return *candidate;
    names += (names.empty() ? "" : ", ") + std::string(candidate->name());
  }
  throw std::invalid_argument("No engine is named '" + std::string(name) +
                              "'; this build has: " + (names.empty() ? "none" : names));
}

}  // namespace berth
