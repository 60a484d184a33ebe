/// Searching a text for another one in time that grows with the sum of their lengths, whatever they hold.
/// std::string_view::find takes the product: of "aaa..." and "aaa...b" of a megabyte each, minutes.
#pragma once

#include <cstddef>
#include <string_view>

namespace berth {

/// Where `what` stands first in `text`, from byte `from` on; npos: nowhere.
std::size_t find_text(std::string_view text, std::string_view what, std::size_t from = 0);

/// Where `what` stands last in `text`; npos: nowhere.
std::size_t find_last_text(std::string_view text, std::string_view what);

}  // namespace berth
