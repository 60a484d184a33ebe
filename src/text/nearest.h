/// What somebody may have meant to write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// The candidate that `text` seems to be a slip of, or an empty text. Case does not count.
std::string nearest(std::string_view text, const std::vector<std::string>& candidates);

/// `text` with ASCII letters in lower case.
std::string lower(std::string_view text);

}  // namespace berth
