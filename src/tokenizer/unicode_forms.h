/// Unicode's normalization forms, with what becomes of each character.
#pragma once

#include <string_view>

#include "tokenizer/rewrite.h"

namespace berth::tokenizing {

enum class UnicodeForm { nfc, nfd, nfkc, nfkd };

/// Rewrites `text` in that form, of Unicode 9 as in the crate `unicode-normalization-alignments` that `tokenizers` uses:
/// younger characters stay as they are.
void write_form(UnicodeForm form, std::string_view text, Rewrite& rewrite);

}  // namespace berth::tokenizing
