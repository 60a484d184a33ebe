/// What a reader takes for one character.
#pragma once

#include <cstddef>
#include <string_view>

namespace berth::tokenizing {

/// Bytes of the first grapheme cluster of `text`, which is not empty: the extended ones of Unicode (UAX 29), but for the
/// rule of conjuncts of Unicode 15.1 (GB9c), which only joins clusters of six bytes and more.
std::size_t first_grapheme(std::string_view text);

}  // namespace berth::tokenizing
