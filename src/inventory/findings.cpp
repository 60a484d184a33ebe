#include "inventory/findings.h"
#include "inventory/inventory_fields.h"

namespace berth {

template <>
struct structs::FieldsOf<discovery::Findings> {
  using Findings = discovery::Findings;
  static constexpr std::tuple all = {
      required("report", &Findings::report),    field("devices", &Findings::devices),
      field("sightings", &Findings::sightings), field("pools", &Findings::pools),
      field("links", &Findings::links),         field("uses_workers", &Findings::uses_workers)};
};

namespace discovery {

std::string Findings::to_json() const { return structs::write(*this).to_json(); }

Findings Findings::from_json(std::string_view text) { return structs::read<Findings>(Value::from_json(text), {}); }

}  // namespace discovery
}  // namespace berth
