/// What to look for on this machine, where a list of workers may be broken.
#pragma once

#include <functional>
#include <string_view>

#include "berth/inventory.h"

namespace berth {

/// DiscoverOptions::from_environment(), but a list of workers that cannot be read names none, and `tell` hears why.
DiscoverOptions options_with_any_list(const std::function<void(std::string_view)>& tell);

}  // namespace berth
