// Any bytes at all: a tree of modules with budgets whose device map is sound for every strategy; else an error that says
// why.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "berth/device_map_plan.h"
#include "berth/error.h"

namespace {

using berth::MapStrategy;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What accelerate answers, whatever it is.
void answer_as_accelerate(const berth::ModuleTree& tree, berth::DeviceMapRequest request) {
  request.compat = true;
  try {
    plan_device_map(tree, request);
  } catch (const berth::AccelerateError& error) {
    require(!error.type().empty());
  }
}

void check(const berth::Value& value) {
  const auto tree = berth::ModuleTree::from_dict(value);
  require(berth::ModuleTree::from_dict(berth::Value::from_json(tree.to_dict().to_json())) == tree);
  berth::DeviceMapRequest request;
  if (const auto* budgets = value.find("max_memory")) request.max_memory = berth::max_memory_from(*budgets);
  if (const auto* dtype = value.find("dtype"); dtype != nullptr && dtype->is_string())
    request.dtype = dtype->as_string();
  constexpr std::array strategies = {MapStrategy::optimal, MapStrategy::explicit_, MapStrategy::balanced,
                                     MapStrategy::balanced_low_0};
  for (const auto strategy : strategies)
    for (const bool fallback : {false, true}) {
      request.strategy = strategy;
      request.fallback_allocation = fallback;
      require(plan_device_map(tree, request).report.is_sound());
      answer_as_accelerate(tree, request);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(berth::Value::from_json(std::string_view(reinterpret_cast<const char*>(data), size)));
  } catch (const berth::FormatError& error) {
    require(!error.found().empty() && !error.expected().empty());
  } catch (const std::invalid_argument& error) {
    require(*error.what() != '\0');
  }
  return 0;
}
