/// How Haystack ends replies at stop words.
#pragma once

#include <string>
#include <vector>

namespace berth {

/// `reply` without any stop word wherever it stands, and then without white space at its end.
std::string without_stop_words(std::string reply, const std::vector<std::string>& stop_words);

}  // namespace berth
