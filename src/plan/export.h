/// What the exporters share.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

#include "berth/plan.h"
#include "text/printable.h"

namespace berth::plan {

/// Throws std::invalid_argument where there is no placement to write for `tool`.
inline void need_fitting(const Plan& plan, std::string_view tool) {
  if (plan.outcome == PlanOutcome::fits) return;
  throw std::invalid_argument("The model does not fit, so there is nothing to tell " + std::string(tool) +
                              ": the plan as a table says what would help");
}

/// Throws std::invalid_argument for a model that is not in GGUF.
inline void need_gguf(const ModelProfile& profile, std::string_view tool) {
  if (profile.format == "gguf") return;
  throw std::invalid_argument(fmt::format(
      "{} is told of models in GGUF, and {} is one in {}: convert it with llama.cpp's convert_hf_to_gguf.py", tool,
      in_quotes(profile.path.string()), profile.format));
}

}  // namespace berth::plan
