/// How transformers cleans decoded texts (clean_up_tokenization()).
#pragma once

#include <string>

namespace berth::tokenizing {

/// Without the spaces before punctuation and English contractions: "do n't stop !" becomes "don't stop!".
std::string cleaned_up(std::string text);

}  // namespace berth::tokenizing
