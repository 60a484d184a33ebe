/// From a text to tokens.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/draft.h"
#include "tokenizer/parts.h"

namespace berth::tokenizing {

/// Adds the tokens of a text. `word`: the number of the word that the text is; absent: it is cut into words.
/// Throws std::invalid_argument where the text is not UTF-8 or too long.
void add_tokens(const Parts& parts, std::string_view text, std::int32_t type_id, OffsetUnit unit,
                std::optional<std::uint32_t> word, Draft& draft);

/// Truncates the texts, of which there are one or two, and puts them together.
Draft put_together(const Parts& parts, std::vector<Draft> texts, const EncodeOptions& options);

}  // namespace berth::tokenizing
