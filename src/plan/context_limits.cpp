#include "plan/context_limits.h"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>
#include <string_view>

namespace berth::plan {
namespace {

void check(std::string_view field, int value, int least, int most) {
  if (value < least || value > most)
    throw std::invalid_argument(
        fmt::format("The context's {} must be from {} to {}, got {}", field, least, most, value));
}

}  // namespace

void check_sizes(const ContextSpec& context) {
  check("n_ctx", context.n_ctx, 0, std::numeric_limits<int>::max());
  check("n_seq", context.n_seq, 1, most_parallel);
  check("n_batch", context.n_batch, 1, most_batch_tokens);
  check("n_ubatch", context.n_ubatch, 1, most_batch_tokens);
}

}  // namespace berth::plan
