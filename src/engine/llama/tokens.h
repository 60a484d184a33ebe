/// Texts as the tokens of a model's vocabulary.
#pragma once

#include <llama.h>

#include <string_view>
#include <vector>

#include "berth/tokenizer.h"

namespace berth::llama {

/// `special`: the tokens that the model wants around a text; `parse`: those that the text itself spells count as such.
std::vector<llama_token> tokenize_text(const llama_vocab& vocab, std::string_view text, bool special, bool parse);

/// What an encoder reads of a text, or of two: as the tokenizers of Hugging Face put them together, and a ranker by its
/// own template (`tokenizer.chat_template.rerank`), of which the document is cut. Throws as EncoderModel::tokenize().
Encoding encoder_tokens(const llama_model& model, const EncodeInput& input, const Truncation& truncation);

}  // namespace berth::llama
