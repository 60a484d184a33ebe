#include "document_store/bm25_tokenizer.h"

#include "text/lower_case.h"

namespace berth {
namespace {

template <class Visit>
void for_each_token(const Regex& regex, std::string_view text, Visit&& visit) {
  std::string joined;
  regex.for_each_match(lower_case(text), [&](const RegexMatch& match) {
    if (match.groups.size() <= 2) return visit(match.group(match.groups.size() - 1));
    // Python has a tuple here; no text in UTF-8 has the byte that ends each part.
    joined.clear();
    for (std::size_t i = 1; i < match.groups.size(); ++i) (joined += match.group(i)) += '\xff';
    visit(std::string_view(joined));
  });
}

}  // namespace

std::vector<std::string> Bm25Tokenizer::tokens(std::string_view text) const {
  std::vector<std::string> found;
  for_each_token(regex_, text, [&](std::string_view token) { found.emplace_back(token); });
  return found;
}

TokenCounts Bm25Tokenizer::count(std::string_view text) const {
  TokenCounts found;
  for_each_token(regex_, text, [&](std::string_view token) {
    ++found.counts[std::string(token)];
    ++found.length;
  });
  return found;
}

}  // namespace berth
