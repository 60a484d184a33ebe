/// What somebody may have meant to write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// The candidate that `text` seems to be a slip of, or an empty text. Case does not count.
std::string nearest(std::string_view text, const std::vector<std::string>& candidates);

/// The first candidate of which a part is what `text` seems to be a slip of, or an empty text: "blk.0.ffn_down.weight" for
/// "ffn_dwn".
std::string nearest_part(std::string_view text, const std::vector<std::string>& candidates);

/// The end of a message that `name` is not among those that something has: "; did you mean 'x'?", or what it has.
std::string nearest_hint(std::string_view name, const std::vector<std::string>& known);

/// `text` with ASCII letters in lower case.
std::string lower(std::string_view text);

}  // namespace berth
