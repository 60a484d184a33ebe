/// GPT-2's way to write any bytes as letters: each byte is one visible character.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tokenizer/rewrite.h"

namespace berth::tokenizing {

std::uint32_t letter_of_byte(unsigned char byte);                 ///< "Ġ" (U+0120) for the space
std::optional<unsigned char> byte_of_letter(std::uint32_t code);  ///< none for what stands for no byte
void write_byte_level(std::string_view text, Rewrite& rewrite);   ///< a letter for each byte of `text`

}  // namespace berth::tokenizing
