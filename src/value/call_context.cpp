#include "berth/call_context.h"

#include <fmt/format.h>

#include "berth/error.h"

namespace berth {

void CallContext::throw_cancelled(std::string_view what) { throw Cancelled(fmt::format("{} was cancelled", what)); }

}  // namespace berth
