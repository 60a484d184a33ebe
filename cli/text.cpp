#include "text.h"

#include <sstream>

#include "text/utf8.h"

namespace berth::cli {
std::string fitted(std::string_view text, std::size_t width) {
  constexpr std::string_view cut = "...";
  std::string result;
  std::size_t cut_at = 0;  // where the mark would stand
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    if (count == width) {
      result.resize(cut_at);
      return result.append(cut.substr(0, width));
    }
    if (count + cut.size() <= width) cut_at = result.size();
    const auto character = first_character(text);
    result += text.substr(0, character.length);
    text.remove_prefix(character.length);
  }
  return result.append(width - count, ' ');
}

namespace {

std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(first_character(text).length);
  return count;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent) {
  constexpr std::size_t line_width = 80;
  std::string lines;
  std::size_t column = indent;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const auto width = character_count(word);
    if (column > indent && column + 1 + width > line_width) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += width;
  }
  return lines;
}

}  // namespace berth::cli
