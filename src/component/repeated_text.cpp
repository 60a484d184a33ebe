#include "component/repeated_text.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "text/unicode.h"

namespace berth {
namespace {

constexpr std::size_t least_words = 3;
constexpr std::size_t most_words = 29;
constexpr std::size_t searched_characters = 300;

struct Word {
  std::size_t begin;
  std::size_t end_before;  // of the word before it
};

/// The words of `text`: they start after each blank, and at each end of line and tab.
std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words = {{0, 0}};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') words.push_back({i + 1, i});
    if (text[i] == '\n' || text[i] == '\t') words.push_back({i, i});
  }
  return words;
}

/// All runs of words in `text`, the short ones first.
std::vector<std::string_view> runs_of(std::string_view text) {
  const auto words = words_of(text);
  std::vector<std::string_view> runs;
  for (auto count = least_words; count <= most_words; ++count)
    for (std::size_t first = 0; first + count <= words.size(); ++first) {
      const auto next = first + count;
      const auto end = next < words.size() ? words[next].end_before : text.size();
      runs.push_back(text.substr(words[first].begin, end - words[first].begin));
    }
  return runs;
}

std::string longest_common_run(const std::vector<std::string_view>& texts) {
  std::optional<std::vector<std::string_view>> common;
  for (const auto text : texts) {
    if (text.empty()) continue;
    auto runs = runs_of(text);
    if (!common) {
      common = std::move(runs);
      continue;
    }
    const std::set<std::string_view> here(runs.begin(), runs.end());
    std::erase_if(*common, [&](std::string_view run) { return !here.contains(run); });
  }
  if (!common) return {};
  const auto longest = std::ranges::max_element(*common, {}, count_characters);
  return longest == common->end() || without_space(*longest).empty() ? std::string() : std::string(*longest);
}

void remove(std::vector<std::string>& pages, const std::string& what) {
  for (auto& page : pages) page = without(page, what);
}

/// What `part` gives of each page but the first and the last.
template <class PartOf>
std::string common_run(const std::vector<std::string>& pages, PartOf part) {
  std::vector<std::string_view> parts;
  for (std::size_t i = 1; i + 1 < pages.size(); ++i) parts.push_back(part(std::string_view(pages[i])));
  return longest_common_run(parts);
}

}  // namespace

std::string without(std::string_view text, std::string_view what) {
  if (what.empty()) return std::string(text);
  std::string rest;
  std::size_t at = 0;
  for (auto found = text.find(what); found != text.npos; found = text.find(what, at)) {
    rest += text.substr(at, found - at);
    at = found + what.size();
  }
  rest += text.substr(at);
  return rest;
}

std::vector<std::string> without_repeated_text(std::vector<std::string> pages) {
  remove(pages, common_run(pages, [](std::string_view page) {
           return page.substr(0, byte_of_character(page, searched_characters));
         }));
  remove(pages, common_run(pages, [](std::string_view page) {
           const auto count = count_characters(page);
           return page.substr(count > searched_characters ? byte_of_character(page, count - searched_characters) : 0);
         }));
  return pages;
}

}  // namespace berth
