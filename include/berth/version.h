/// Which Berth this is.
#pragma once

#include <string_view>

namespace berth {

/// "0.1.0", of the library that the program runs with. A view of static storage.
std::string_view version();

}  // namespace berth
