#include "engine/llama/placement_notes.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::llama {
namespace {

std::string layers_text(int first, int end) {
  return end - first == 1 ? fmt::format("layer {} is", first) : fmt::format("layers {} to {} are", first, end - 1);
}

}  // namespace

std::vector<std::string> placement_notes(const Placement& asked, const Placement& found) {
  std::vector<std::string> notes;
  const auto note = [&](const std::string& what, const Device& is, const Device& wanted) {
    notes.push_back(fmt::format("{} computed on {}, not on {}", what, is.str(), wanted.str()));
  };
  for (const auto& wish : asked.layers)
    for (const auto& run : found.layers) {
      const int first = std::max(wish.first, run.first);
      const int end = std::min(wish.first + wish.count, run.first + run.count);
      if (first < end && run.device != wish.device) note(layers_text(first, end), run.device, wish.device);
    }
  if (found.output != asked.output) note("the output is", found.output, asked.output);
  return notes;
}

}  // namespace berth::llama
