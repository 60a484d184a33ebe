/// Small helpers for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::model {

/// `text` in single quotes, shortened and made fit for a message.
std::string in_quotes(std::string_view text);

/// The candidate that `text` seems to be a slip of, or an empty text. Case does not count.
std::string nearest(std::string_view text, const std::vector<std::string>& candidates);

/// `text` with ASCII letters in lower case.
std::string lower(std::string_view text);

}  // namespace berth::model
