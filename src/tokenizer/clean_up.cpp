#include "tokenizer/clean_up.h"

#include <string_view>
#include <utility>

#include "tokenizer/decoder.h"

namespace berth::tokenizing {

std::string cleaned_up(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
      {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : rules) text = replaced_all(text, from, to);
  return text;
}

}  // namespace berth::tokenizing
