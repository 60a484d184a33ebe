#include "component/cleaned_reply.h"

#include "text/unicode.h"
#include "tokenizer/clean_up.h"

namespace berth {

std::string cleaned_reply(std::string_view prompt, std::string_view reply) {
  auto text = tokenizing::cleaned_up(std::string(prompt).append(reply));
  const auto prompt_length = count_characters(tokenizing::cleaned_up(std::string(prompt)));
  return text.erase(0, byte_of_character(text, prompt_length));
}

}  // namespace berth
