/// Texts in encodings other than UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace berth {

/// `bytes` in UTF-8. `encoding` is a name that Python and ICU share: "utf-8", "latin-1", "cp1252", "utf-16", "shift_jis";
/// "utf-8-sig" leaves out the mark in front. Throws std::invalid_argument for another name, and for bytes that are none of
/// the encoding, with the place.
std::string decoded_text(std::string_view bytes, const std::string& encoding);

}  // namespace berth
