#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include "berth/device_map_plan.h"
#include "plan/device_budgets.h"
#include "text/bytes.h"
#include "text/nearest.h"
#include "text/printable.h"
#include "value/place.h"

namespace berth {
namespace {

/// "10GiB", "1.5 MB", "500kib": whole bytes, units in any case. A small b at the end of "10Gb" means bits, as in accelerate.
std::optional<std::uint64_t> size_from_str(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto name = text.empty() ? "b" : lower(text);
  const auto unit = std::ranges::find(size_units, name, [](const auto& each) { return lower(each.name); });
  if (unit == size_units.end() || number * unit->factor >= 0x1p63) return std::nullopt;
  const auto bytes = static_cast<std::uint64_t>(number * unit->factor);
  const bool is_bits = text.size() == 2 && text.back() == 'b';
  return is_bits ? bytes / 8 : bytes;
}

/// The place of a kind of device in accelerate's order.
int rank(DeviceType type) {
  constexpr std::array order = {DeviceType::cuda, DeviceType::mps, DeviceType::cpu, DeviceType::disk};
  const auto* const found = std::ranges::find(order, type);
  if (found == order.end())
    throw std::invalid_argument("Device maps have integers for GPUs (cuda), mps, cpu and disk, but no " +
                                std::string(to_string(type)));
  return static_cast<int>(found - order.begin());
}

/// "0" and 0 are cuda:0; the rest as Device::from_str.
Device device_of(const Value& key, const structs::Place& place) {
  try {
    if (key.is_int()) return Device::from_str(fmt::format("cuda:{}", key.as_int()));
    const auto& text = key.as_string();
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789-") == std::string::npos;
    return Device::from_str(is_number ? "cuda:" + text : text);
  } catch (const std::invalid_argument& problem) {
    place.fail(problem.what());
  }
}

std::uint64_t bytes_of(const Value& value, const structs::Place& place) {
  if (value.is_int() && value.as_int() >= 0) return static_cast<std::uint64_t>(value.as_int());
  const auto size = value.is_string() ? size_from_str(value.as_string()) : std::nullopt;
  if (!size)
    place.fail(fmt::format("{} is neither a number of bytes from 0 to 2^63 - 1 nor a size such as \"10GiB\"",
                           printable(value.to_json())));
  return *size;
}

}  // namespace

std::vector<MemoryBudget> max_memory_from(const Value& value) {
  std::vector<MemoryBudget> budgets;
  const structs::Place document;
  const structs::Place all(document, "max_memory");
  const auto add = [&](const Value& key, const Value& bytes, const structs::Place& place) {
    const MemoryBudget budget{device_of(key, place), bytes_of(bytes, place)};
    if (std::ranges::find(budgets, budget.device, &MemoryBudget::device) != budgets.end())
      place.fail(budget.device.str() + " is there twice");
    budgets.push_back(budget);
  };
  if (value.is_object()) {
    for (const auto& [name, bytes] : value.as_object()) add(name, bytes, {all, name});
    return budgets;
  }
  if (!value.is_array()) all.fail("is neither an object of devices and sizes nor a list of pairs");
  for (std::size_t i = 0; i < value.as_array().size(); ++i) {
    const structs::Place place(all, i);
    const auto& pair = value.as_array()[i];
    if (!pair.is_array() || pair.as_array().size() != 2 ||
        !(pair.as_array()[0].is_int() || pair.as_array()[0].is_string()))
      place.fail("is no pair of a device and a size");
    add(pair.as_array()[0], pair.as_array()[1], place);
  }
  return budgets;
}

namespace plan {

std::vector<MemoryBudget> in_order(const std::vector<MemoryBudget>& budgets) {
  std::vector<MemoryBudget> ordered;
  for (const auto& [device, bytes] : budgets) {
    const auto type = device.type();
    const auto known = rank(type) == 0 ? Device::gpu(device.id().value_or(0)) : Device(type);
    if (std::ranges::find(ordered, known, &MemoryBudget::device) != ordered.end())
      throw std::invalid_argument("max_memory: " + known.str() + " is there twice");
    ordered.push_back({known, bytes});
  }
  std::ranges::stable_sort(ordered, {},
                           [](const MemoryBudget& each) { return std::pair(rank(each.device.type()), each.device); });
  return ordered;
}

}  // namespace plan
}  // namespace berth
