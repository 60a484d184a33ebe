/// Headers and footers: what the pages of a text have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// `text` without each `what` in it.
std::string without(std::string_view text, std::string_view what);

/// `pages` without the longest run of 3 to 29 words that the first 300 characters of all pages but the first and the last
/// share, and then that of their last 300 characters, wherever these stand. Of runs that are equally long the first one
/// counts.
std::vector<std::string> without_repeated_text(std::vector<std::string> pages);

}  // namespace berth
