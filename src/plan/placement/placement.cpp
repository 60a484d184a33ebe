#include "berth/placement.h"

#include "plan/plan_fields.h"

namespace berth {

Value Placement::to_dict() const { return structs::write(*this); }
Placement Placement::from_dict(const Value& dict) { return structs::read<Placement>(dict, {}); }

Value DeviceUse::to_dict() const { return structs::write(*this); }
DeviceUse DeviceUse::from_dict(const Value& dict) { return structs::read<DeviceUse>(dict, {}); }

}  // namespace berth
