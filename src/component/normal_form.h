/// Unicode's normalization forms of whole texts.
#pragma once

#include <string>
#include <string_view>

namespace berth {

/// `text` in the form "NFC", "NFD", "NFKC" or "NFKD", of ICU's version of Unicode. Throws std::invalid_argument for another
/// form and for a text of 1 GiB or more.
std::string in_normal_form(std::string_view text, std::string_view form);

/// Whether there is a form of that name.
bool is_normal_form(std::string_view form);

}  // namespace berth
