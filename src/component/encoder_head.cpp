#include "component/encoder_head.h"

#include <fmt/format.h>

#include <stdexcept>

namespace berth {

void check_head(const TextEncoder& encoder, EncoderTask task, std::string_view component) {
  const auto& info = encoder.info();
  if (info.task == task) return;
  throw std::invalid_argument(fmt::format("{} needs a model for {}: '{}' is {} ({})", component, to_string(task),
                                          info.path.string(), info.model_class, to_string(info.task)));
}

}  // namespace berth
