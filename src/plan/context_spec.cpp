#include "berth/context_spec.h"

#include "plan/plan_fields.h"

namespace berth {

std::string_view to_string(FlashAttention flash_attention) {
  return structs::NamesOf<FlashAttention>::all.at(static_cast<std::size_t>(flash_attention));
}

Value ContextSpec::to_dict() const { return structs::write(*this); }
ContextSpec ContextSpec::from_dict(const Value& dict) { return structs::read<ContextSpec>(dict, {}); }

}  // namespace berth
