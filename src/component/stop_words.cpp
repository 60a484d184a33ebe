#include "component/stop_words.h"

namespace berth {

std::string without_stop_words(std::string reply, const std::vector<std::string>& stop_words) {
  for (const auto& word : stop_words) {
    if (word.empty()) continue;
    for (auto at = reply.find(word); at != std::string::npos; at = reply.find(word, at)) reply.erase(at, word.size());
    reply.erase(reply.find_last_not_of(" \t\n\r\f\v") + 1);
  }
  return reply;
}

}  // namespace berth
