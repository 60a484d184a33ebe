#include <algorithm>
#include <iterator>

#include "plan/device_map/accelerate.h"

namespace berth::plan {
namespace {

/// The first item, or part of one, that fits with what is tied to it. An item that does not fit is replaced by its parts.
std::optional<Item> first_that_fits(const AccelerateModel& model, std::vector<Item> to_search, Count limit) {
  while (!to_search.empty()) {
    auto item = std::move(to_search.back());
    to_search.pop_back();
    if (size_with_ties(model, item.name, tied_outside(model, item.name), to_search).size <= limit) return item;
    if (!model.can_be_divided(item)) continue;
    auto parts = model.parts(item);
    std::ranges::move(parts, std::back_inserter(to_search));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Fallback> find_fallback(const AccelerateModel& model, const std::vector<Item>& waiting, Count limit) {
  if (limit.is_float) throw AccelerateError("AttributeError", "'float' object has no attribute 'upper'");
  if (limit < Count{}) return std::nullopt;
  const auto found = first_that_fits(model, waiting, limit);
  if (!found) return std::nullopt;
  auto rest = waiting;
  for (auto dot = found->name.find('.'); dot != std::string::npos; dot = found->name.find('.', dot + 1)) {
    const auto around = std::ranges::find(rest, found->name.substr(0, dot), &Item::name);
    if (around == rest.end()) continue;
    auto parts = model.parts(*around);
    const auto at = rest.erase(around);
    rest.insert(at, std::move_iterator(parts.begin()), std::move_iterator(parts.end()));
  }
  rest.erase(std::ranges::find(rest, found->name, &Item::name));
  return Fallback{*found, std::move(rest)};
}

}  // namespace berth::plan
