/// SentencePiece's visible space.
#pragma once

#include <memory>
#include <string>

#include "tokenizer/decoder.h"
#include "tokenizer/pre_tokenizer.h"

namespace berth::tokenizing {

enum class PrependScheme { always, first, never };

/// Of pre-tokenizers and decoders.
struct MetaspaceOptions {
  std::string replacement;  ///< of the space: one character, mostly U+2581
  PrependScheme prepend_scheme = PrependScheme::always;
  bool split = true;
};

/// Throws std::invalid_argument naming the place.
MetaspaceOptions read_metaspace_options(const Value& value, const structs::Place& place);

std::unique_ptr<PreTokenizer> read_metaspace(const Value& value, const structs::Place& place);
std::unique_ptr<Decoder> read_metaspace_decoder(const Value& value, const structs::Place& place);

}  // namespace berth::tokenizing
