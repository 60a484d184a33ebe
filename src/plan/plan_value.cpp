#include <fmt/format.h>

#include "plan/plan_value_fields.h"
#include "text/bytes.h"

namespace berth {

std::string_view to_string(PlanOutcome outcome) {
  return structs::NamesOf<PlanOutcome>::all.at(static_cast<std::size_t>(outcome));
}

std::string_view to_string(CompanionKind kind) {
  return structs::NamesOf<CompanionKind>::all.at(static_cast<std::size_t>(kind));
}

std::string PlanChange::str() const {
  if (n_ctx) return fmt::format("a context of {} tokens", *n_ctx);
  if (cache_type) return fmt::format("a cache of type {}", *cache_type);
  if (what == "quantization")
    return fmt::format("a quantization with {} of weights at most", in_units(bytes.value_or(0)));
  const auto memory = in_units(bytes.value_or(0));
  if (!device_type) return fmt::format("one more device with {} of memory", memory);
  return *device_type == "rpc" ? fmt::format("one more worker with {}", memory)
                               : fmt::format("one more GPU such as {} with {}", *device_type, memory);
}

Value Plan::to_dict() const { return structs::write(*this); }
Plan Plan::from_dict(const Value& dict) { return structs::read<Plan>(dict, {}); }

}  // namespace berth
