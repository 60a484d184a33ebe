#include <utility>

#include "berth/inventory.h"
#include "inventory/inventory_fields.h"
#include "inventory/matching.h"
#include "text/printable.h"

namespace berth {
namespace {

using Changes = std::vector<InventoryChange>;

void compare(const std::string& what, const std::string& field, const Value& before, const Value& after,
             Changes& changes) {
  if (before == after) return;
  if (!before.is_object() || !after.is_object()) {
    changes.push_back({what, field, before, after});
    return;
  }
  const auto compare_entry = [&](const std::string& name, const Value* one, const Value* other) {
    const Value none;
    compare(what, field.empty() ? name : field + "." + name, one == nullptr ? none : *one,
            other == nullptr ? none : *other, changes);
  };
  for (const auto& [name, value] : before.as_object()) compare_entry(name, &value, after.find(name));
  for (const auto& [name, value] : after.as_object())
    if (before.find(name) == nullptr) compare_entry(name, nullptr, &value);
}

template <class T>
void compare_all(const Matching<T>& parts, Changes& changes) {
  parts.for_each([&](const T* before, const T* after) {
    if (before == nullptr)
      changes.push_back({what_is(*after), "", nullptr, structs::write(*after)});
    else if (after == nullptr || !(*before == *after))
      compare(what_is(*before), "", structs::write(*before), after == nullptr ? Value() : structs::write(*after),
              changes);
  });
}

}  // namespace

std::string InventoryChange::str() const {
  if (field.empty()) return printable(what) + (before.is_null() ? " appeared" : " is gone");
  return printable(what + " " + field) + ": " + printable(before.to_json()) + " -> " + printable(after.to_json());
}

std::vector<InventoryChange> diff(const Inventory& before, const Inventory& after) {
  Changes changes;
  compare("machine", "host", before.host, after.host, changes);
  compare("machine", "machine_id", before.machine_id, after.machine_id, changes);
  const auto parts = match(before, after);
  compare_all(parts.devices, changes);
  compare_all(parts.pools, changes);
  compare_all(parts.links, changes);
  return changes;
}

}  // namespace berth
