/// BERT's WordPiece.
#pragma once

#include <memory>
#include <string>

#include "tokenizer/model.h"
#include "tokenizer/vocabulary.h"

namespace berth::tokenizing {

struct WordPieceOptions {
  std::string unknown_token = "[UNK]";
  std::string continuing_prefix = "##";
  std::size_t max_characters = 100;  ///< of a word; a longer one is unknown
};

std::unique_ptr<Model> word_piece(Vocabulary vocabulary, WordPieceOptions options);

}  // namespace berth::tokenizing
