#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "berth/resolve.h"
#include "inventory/device_key_fields.h"
#include "value/structs.h"

namespace berth {
namespace structs {

template <>
struct FieldsOf<ResolveReason> {
  static constexpr std::tuple all = {required("device", &ResolveReason::device),
                                     required("taken", &ResolveReason::taken), free_text("why", &ResolveReason::why)};
};

template <>
struct FieldsOf<Resolution> {
  static constexpr std::tuple all = {required("device", &Resolution::device), field("keys", &Resolution::keys),
                                     required("reasons", &Resolution::reasons)};
};

}  // namespace structs

std::string Resolution::str() const {
  std::string text;
  for (const auto& reason : reasons) {
    if (!text.empty()) text += '\n';
    text += reason.device.str() + (reason.taken ? ": taken, " : ": not taken, ") + reason.why;
  }
  return text;
}

Value Resolution::to_dict() const { return structs::write(*this); }

Resolution Resolution::from_dict(const Value& dict) {
  auto resolution = structs::read<Resolution>(dict, {});
  const auto taken = std::ranges::count(resolution.reasons, true, &ResolveReason::taken);
  if (taken != 1) throw std::invalid_argument(fmt::format("reasons: {} are taken, and one must be", taken));
  return resolution;
}

}  // namespace berth
