/// Which devices of a machine come into question, and why the others do not.
#pragma once

#include <string>

#include "berth/resolve.h"

namespace berth {

/// Why `info` is not what the wish asks for; empty where it is.
std::string unmet(const Wish& wish, const DeviceInfo& info, const ResolvePolicy& policy);

/// Haystack's order of types, and Berth's own after it. Lower comes first.
int type_rank(DeviceType type);

/// "cpu, cuda:0, cuda:1", of those that `wanted` may have meant the nearest first: the same type, then the others.
std::string nearest_devices(const Device& wanted, const Inventory& inventory);

}  // namespace berth
