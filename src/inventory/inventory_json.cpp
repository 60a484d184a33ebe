#include <fmt/format.h>

#include <algorithm>

#include "berth/inventory.h"
#include "berth/version.h"
#include "inventory/inventory_check.h"
#include "inventory/inventory_fields.h"

namespace berth {
namespace {

/// Goes up where a reader of the older form would get it wrong: a field of another meaning, a new name of an enum.
/// Fields that come in addition do not count: readers pass over what they do not know.
constexpr int schema = 1;

void check_schema(const Value& dict) {
  const structs::Place top;
  const structs::Place place(top, "schema");
  structs::detail::check_object(dict, top);
  const Value* found = dict.find("schema");
  if (found == nullptr) place.fail("is missing; this is no inventory");
  if (const auto number = structs::read<int>(*found, place, 1); number > schema)
    place.fail(fmt::format(
        "{} is newer than Berth {} reads, which is {}; take the inventory with this version, or use a newer one",
        number, version(), schema));
}

}  // namespace

Value Inventory::to_dict() const {
  Value::Object dict{{"schema", schema}};
  structs::write_fields(*this, dict);
  return dict;
}

Inventory Inventory::from_dict(const Value& dict) {
  check_schema(dict);
  auto inventory = structs::read<Inventory>(dict, structs::Place());
  discovery::check_inventory(inventory);
  std::ranges::sort(inventory.devices, {}, &DeviceInfo::device);
  if (inventory.origin == InventoryOrigin::this_machine) inventory.origin = InventoryOrigin::recorded;
  return inventory;
}

}  // namespace berth
