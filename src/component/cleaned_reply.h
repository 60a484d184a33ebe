/// How a pipeline of transformers cleans what a model answers.
#pragma once

#include <string>
#include <string_view>

namespace berth {

/// `reply` without spaces before punctuation, as clean_up_tokenization_spaces makes it. transformers cleans prompt and reply
/// as one text and cuts off as many characters as the prompt has by itself when it is cleaned. Where a reply starts
/// within such a place, characters of it are lost: after "So " the reply ". Yes" is " Yes".
std::string cleaned_reply(std::string_view prompt, std::string_view reply);

}  // namespace berth
