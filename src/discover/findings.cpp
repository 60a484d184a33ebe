#include "discover/probe.h"
#include "inventory/inventory_fields.h"

namespace berth::discovery {

template <>
struct FieldsOf<Findings> {
  static constexpr std::tuple all = {required("report", &Findings::report), field("devices", &Findings::devices),
                                     field("sightings", &Findings::sightings), field("pools", &Findings::pools),
                                     field("links", &Findings::links)};
};

std::string Findings::to_json() const { return write(*this).to_json(); }

Findings Findings::from_json(std::string_view text) { return read<Findings>(Value::from_json(text), Place()); }

}  // namespace berth::discovery
