#include "plan/device_map/packing.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "plan/device_budgets.h"

namespace berth::plan {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
constexpr std::size_t most_work = 200'000'000;  // units tried on bins

/// Where each unit lies, and what lies nowhere.
struct Filling {
  std::vector<std::size_t> bins = {};
  std::uint64_t rest = 0;
};

enum class Method { runs, first_fit };  // runs of units in their order, or the largest first wherever they fit

/// `order`: the units that are to be placed, in the order of trying.
Filling fill(const std::vector<Unit>& units, const std::vector<std::size_t>& order, std::vector<std::uint64_t> room,
             Method method) {
  Filling filling{std::vector(units.size(), nowhere), 0};
  std::size_t bin = 0;
  for (const auto unit : order) {
    if (method == Method::first_fit) bin = 0;
    if (units[unit].bytes > 0)
      while (bin < room.size() && room[bin] < units[unit].bytes) ++bin;
    else
      bin = room.empty() ? 0 : std::min(bin, room.size() - 1);  // what takes nothing fits everywhere
    if (bin == room.size()) {
      filling.rest += units[unit].bytes;
      continue;
    }
    filling.bins[unit] = bin;
    room[bin] -= units[unit].bytes;
  }
  return filling;
}

/// The best filling that leaves room in the first bin for the largest unit which lies nowhere and would fit there.
Filling fill_with_headroom(const std::vector<Unit>& units, std::vector<std::size_t> order,
                           const std::vector<std::uint64_t>& room, Method method) {
  if (method == Method::first_fit)
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return units[i].bytes; });
  if (auto all = fill(units, order, room, method); all.rest == 0 || room.empty()) return all;

  std::vector<std::uint64_t> headrooms = {0};
  for (const auto unit : order)
    if (units[unit].bytes <= room.front()) headrooms.push_back(units[unit].bytes);
  std::ranges::sort(headrooms);
  headrooms.erase(std::unique(headrooms.begin(), headrooms.end()), headrooms.end());
  const auto affordable = most_work / (order.size() * room.size()) + 2;
  const auto stride = (headrooms.size() + affordable - 1) / affordable;

  std::optional<Filling> found;  // there is one: with the largest of these, nothing larger needs room
  for (std::size_t i = 0; i < headrooms.size(); ++i) {
    if (i % stride != 0 && i + 1 != headrooms.size()) continue;
    auto less = room;
    less.front() -= headrooms[i];
    auto filling = fill(units, order, less, method);
    std::uint64_t used = 0;
    std::uint64_t needed = 0;
    for (const auto unit : order) {
      const auto bytes = units[unit].bytes;
      if (filling.bins[unit] == 0) used += bytes;
      if (filling.bins[unit] == nowhere && bytes <= room.front()) needed = std::max(needed, bytes);
    }
    if (needed <= room.front() - used && (!found || filling.rest < found->rest)) found = std::move(filling);
  }
  return found.value();
}

std::vector<std::size_t> all_of(const std::vector<Unit>& units) {
  std::vector<std::size_t> order(units.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

struct Budgets {
  std::vector<MemoryBudget> accelerators = {};
  std::optional<MemoryBudget> cpu = {};

  explicit Budgets(const std::vector<MemoryBudget>& budgets) {
    for (const auto& each : budgets)
      if (is_accelerator(each.device))
        accelerators.push_back(each);
      else if (each.device == Device::cpu())
        cpu = each;
  }
  std::vector<std::uint64_t> room() const {
    std::vector<std::uint64_t> bytes;
    for (const auto& each : accelerators) bytes.push_back(each.bytes);
    return bytes;
  }
};

/// Accelerators first, then the CPU, and the disk for the rest.
struct Packing {
  std::vector<Device> devices;
  std::uint64_t off_accelerator_bytes;
  std::uint64_t disk_bytes;
};

Packing pack(const std::vector<Unit>& units, const Budgets& budgets, Method on_accelerators, Method on_cpu) {
  Packing packing{std::vector(units.size(), Device::disk()), 0, 0};
  std::vector<std::size_t> rest;
  const auto take = [&](const Filling& filling, const std::vector<std::size_t>& order, const auto& device_of) {
    rest.clear();
    for (const auto unit : order)
      if (filling.bins[unit] == nowhere)
        rest.push_back(unit);
      else
        packing.devices[unit] = device_of(filling.bins[unit]);
    std::uint64_t bytes = 0;
    for (const auto unit : rest) bytes += units[unit].bytes;
    return bytes;
  };
  const auto all = all_of(units);
  packing.off_accelerator_bytes = take(fill_with_headroom(units, all, budgets.room(), on_accelerators), all,
                                       [&](std::size_t bin) { return budgets.accelerators[bin].device; });
  if (!budgets.cpu) {
    packing.disk_bytes = packing.off_accelerator_bytes;
    return packing;
  }
  const auto offloaded = rest;
  packing.disk_bytes = take(fill_with_headroom(units, offloaded, {budgets.cpu->bytes}, on_cpu), offloaded,
                            [](std::size_t) { return Device::cpu(); });
  return packing;
}

/// Runs of units in `order`, one for each bin, of which the fullest has as little as possible.
struct Split {
  Filling filling;
  std::uint64_t busiest;
};
std::optional<Split> even_split(const std::vector<Unit>& units, const std::vector<std::size_t>& order,
                                const std::vector<std::uint64_t>& room) {
  const auto filled_to = [&](std::uint64_t limit) {
    auto limited = room;
    for (auto& bytes : limited) bytes = std::min(bytes, limit);
    return fill(units, order, limited, Method::runs);
  };
  std::uint64_t low = 0;
  std::uint64_t high = room.empty() ? 0 : std::ranges::max(room);
  if (filled_to(high).rest > 0) return std::nullopt;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (filled_to(middle).rest == 0)
      high = middle;
    else
      low = middle + 1;
  }
  return Split{filled_to(low), low};
}

std::vector<std::size_t> parameters_first(const std::vector<Unit>& units) {
  auto order = all_of(units);
  std::ranges::sort(order, {}, [&](std::size_t i) { return units[i].first; });
  return order;
}

}  // namespace

Reference reference_of(const std::vector<Unit>& units, const std::vector<MemoryBudget>& ordered) {
  const Budgets budgets(ordered);
  const auto packing = pack(units, budgets, Method::first_fit, Method::first_fit);
  Reference reference{packing.off_accelerator_bytes, packing.disk_bytes, std::nullopt};
  if (const auto split = even_split(units, parameters_first(units), budgets.room()))
    reference.busiest_contiguous_bytes = split->busiest;
  return reference;
}

std::vector<Device> packed(const std::vector<Unit>& units, const std::vector<MemoryBudget>& ordered) {
  const Budgets budgets(ordered);
  auto split = even_split(units, all_of(units), budgets.room());
  if (auto other = even_split(units, parameters_first(units), budgets.room());
      other && (!split || other->busiest < split->busiest))
    split = std::move(other);
  if (split && !budgets.accelerators.empty()) {
    std::vector<Device> devices;
    for (const auto bin : split->filling.bins) devices.push_back(budgets.accelerators[bin].device);
    return devices;
  }

  auto best = pack(units, budgets, Method::first_fit, Method::first_fit);
  const auto off = best.off_accelerator_bytes;
  const auto disk = best.disk_bytes;
  for (const auto on_accelerators : {Method::first_fit, Method::runs})
    for (const auto on_cpu : {Method::first_fit, Method::runs}) {
      auto packing = pack(units, budgets, on_accelerators, on_cpu);
      if (packing.off_accelerator_bytes > off || packing.disk_bytes > disk) continue;
      // The later ones have longer runs, and are taken where they are as good.
      if (std::pair(packing.off_accelerator_bytes, packing.disk_bytes) <=
          std::pair(best.off_accelerator_bytes, best.disk_bytes))
        best = std::move(packing);
    }
  return best.devices;
}

}  // namespace berth::plan
