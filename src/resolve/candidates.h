/// Which devices of a machine come into question, and why the others do not.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "berth/resolve.h"

namespace berth {

/// What "gpu" means in a wish.
inline constexpr std::array gpus = {DeviceType::cuda, DeviceType::xpu, DeviceType::mps, DeviceType::vulkan};

/// Why a device is not what a wish asks for.
struct Unmet {
  int met = 0;           ///< how many terms are met, in the order in which they are looked at: more is nearer
  std::string why = {};  ///< empty where the device meets the wish
};
Unmet unmet(const Wish& wish, const DeviceInfo& info, const ResolvePolicy& policy);

/// Why no engine that counts can use the device; empty where one can. The text calls the device `it`.
std::string unusable(const DeviceInfo& info, const ResolvePolicy& policy, std::string_view it = "it");

/// Haystack's order of types, and Berth's own after it. Lower comes first.
int type_rank(DeviceType type);

/// The devices that somebody may have meant by `wanted`, "cuda:0, cuda:1, cpu": those of its type first, then the others.
/// "none" where the machine has none.
std::string nearest_devices(const Device& wanted, const Inventory& inventory);

/// The first eight of `texts` with `separator` between them, and how many more there are.
std::string first_few(std::span<const std::string> texts, std::string_view separator);

template <class List, class T>
bool contains(const List& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

}  // namespace berth
