/// Kinds of characters as the `tokenizers` package tells them. Its parts follow different versions of Unicode: characters
/// that are younger than a part's tables belong to no kind there. Measured over all code points with tokenizers 0.22.2.
#pragma once

#include <cstdint>

namespace berth::tokenizing {

bool is_white_space(std::uint32_t code);      ///< Rust's char::is_whitespace: White_Space
bool is_numeric(std::uint32_t code);          ///< Rust's char::is_numeric: Nd, Nl, No
bool is_word_character(std::uint32_t code);   ///< \w of Rust's regex: letters, marks, digits, connectors, joiners
bool is_punctuation(std::uint32_t code);      ///< of Unicode 8, and ASCII's
bool is_bert_control(std::uint32_t code);     ///< of Unicode 8: control, format, private use; not tab and line ends
bool is_nonspacing_mark(std::uint32_t code);  ///< of Unicode 8: what BERT calls an accent
bool is_combining_mark(std::uint32_t code);   ///< of Unicode 9: any mark
bool is_chinese(std::uint32_t code);          ///< the blocks of ideographs that BERT sets apart

/// Rust's char::to_lowercase, but for the one character (U+0130) that becomes two.
std::uint32_t lower_character(std::uint32_t code);

/// A number for the script of a character as SentencePiece groups them: Hiragana and Katakana count as Han; 0 is any.
int script_of(std::uint32_t code);

}  // namespace berth::tokenizing
