#include "text.h"

#include <algorithm>
#include <numeric>
#include <sstream>

#include "text/utf8.h"

namespace berth::cli {
namespace {

constexpr std::size_t line_width = 80;
constexpr std::size_t name_width = 30;

}  // namespace

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(first_character(text).length);
  return count;
}

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

std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width) {
  constexpr std::size_t gap = 2;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], characters(row[i]));
  }
  auto total = std::accumulate(widths.begin(), widths.end(), gap * (widths.empty() ? 0 : widths.size() - 1));
  for (; total > width; --total) --*std::ranges::max_element(widths);
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fitted(row[i], widths[i]) + std::string(gap, ' ');
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string wrapped(std::string_view text, std::size_t indent) {
  std::string lines;
  std::size_t column = indent;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const auto length = characters(word);
    if (column > indent && column + 1 + length > line_width) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += length;
  }
  return lines;
}

std::string entry(std::string name, std::string_view description) {
  std::string line = "  " + std::move(name);
  if (characters(line) + 2 > name_width)
    line += "\n" + std::string(name_width, ' ');
  else
    line += std::string(name_width - characters(line), ' ');
  return line + wrapped(description, name_width) + "\n";
}

}  // namespace berth::cli
