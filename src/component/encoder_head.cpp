#include "component/encoder_head.h"

#include <fmt/format.h>

#include <stdexcept>

namespace berth {

void check_head(const TextEncoder& encoder, EncoderTask task, std::string_view component) {
  const auto& info = encoder.info();
  if (info.task == task) return;
  const auto found = info.missing_weight.empty() ? fmt::format("is {} ({})", info.model_class, to_string(info.task))
                                                 : fmt::format("is {}, and its file holds no tensor '{}'",
                                                               info.model_class, info.missing_weight);
  throw std::invalid_argument(
      fmt::format("{} needs a model for {}: '{}' {}", component, to_string(task), info.path.string(), found));
}

}  // namespace berth
