#include "component/document_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>

#include "text/unicode.h"
#include "text/utf8.h"

namespace berth {
namespace {

constexpr std::size_t most_part_bytes = std::size_t{1} << 30U;

using Units = std::span<const TextUnit>;

TextUnit text_unit(std::string_view text) {
  return {text, static_cast<std::int64_t>(count_characters(text)), std::ranges::count(text, '\f')};
}

/// Where parts are put together, one after the other.
class PartList {
 public:
  explicit PartList(const DocumentSplitterParameters& rules) : rules_(rules) {}

  bool empty() const { return parts_.empty(); }
  std::vector<TextPart> take() && { return std::move(parts_); }

  void add(Units units) {
    check_size(units);
    parts_.push_back({"", page_, start_, 0});
    append(units);
  }

  /// Adds them to the last part.
  void lengthen(Units units) {
    check_size(units);
    append(units);
  }

  /// The next part starts after these.
  void pass(Units units) {
    for (const auto& unit : units) {
      start_ += unit.characters;
      page_ += unit.page_breaks;
    }
  }

 private:
  void check_size(Units units) {
    for (const auto& unit : units) bytes_ += unit.text.size();
    if (bytes_ > most_part_bytes)
      throw std::invalid_argument(fmt::format(
          "DocumentSplitter: a document is split into parts of more than {} MiB in all, because they overlap by {} of "
          "{} units: choose a smaller split_overlap",
          most_part_bytes >> 20U, rules_.split_overlap, rules_.split_length));
  }

  void append(Units units) {
    auto& part = parts_.back();
    std::string_view run;  // units that follow each other without a gap are copied at once
    for (const auto& unit : units) {
      part.characters += unit.characters;
      if (run.data() + run.size() == unit.text.data()) {
        run = {run.data(), run.size() + unit.text.size()};
      } else {
        part.text += run;
        run = unit.text;
      }
    }
    part.text += run;
  }

  const DocumentSplitterParameters& rules_;
  std::vector<TextPart> parts_;
  std::size_t bytes_ = 0;
  std::int64_t page_ = 1;
  std::int64_t start_ = 0;
};

std::int64_t count_words(std::string_view text) {
  std::int64_t count = 0;
  bool in_word = false;
  while (!text.empty()) {
    const auto character = first_character(text);
    const bool is_space = is_kind(character.code, CharacterKind::space);
    if (!is_space && !in_word) ++count;
    in_word = !is_space;
    text.remove_prefix(character.length);
  }
  return count;
}

}  // namespace

std::vector<TextUnit> units_ending_with(std::string_view text, std::string_view end) {
  std::vector<TextUnit> all;
  for (std::size_t start = 0;;) {
    const auto found = text.find(end, start);
    all.push_back(text_unit(text.substr(start, found == text.npos ? text.npos : found + end.size() - start)));
    if (found == text.npos) return all;
    start = found + end.size();
  }
}

std::vector<TextUnit> units_of(const std::vector<std::string_view>& texts) {
  std::vector<TextUnit> all;
  all.reserve(texts.size());
  for (const auto text : texts) all.push_back(text_unit(text));
  return all;
}

std::vector<TextPart> parts_by_units(const std::vector<TextUnit>& units, const DocumentSplitterParameters& rules) {
  PartList parts(rules);
  const auto step = static_cast<std::size_t>(rules.split_length - rules.split_overlap);
  const auto length = static_cast<std::size_t>(rules.split_length);
  for (Units rest = units; !rest.empty(); rest = rest.subspan(step)) {
    const auto window = rest.first(std::min(length, rest.size()));
    const bool has_text = std::ranges::any_of(window, [](const TextUnit& unit) { return !unit.text.empty(); });
    if (static_cast<std::int64_t>(window.size()) < rules.split_threshold && !parts.empty())
      parts.lengthen(window);
    else if (has_text || !rules.skip_empty_documents)
      parts.add(window);
    if (rest.size() <= length) break;  // what comes next would hold nothing new
    parts.pass(window.first(step));
  }
  return std::move(parts).take();
}

std::vector<TextPart> parts_by_words(const std::vector<TextUnit>& sentences, const DocumentSplitterParameters& rules) {
  std::vector<std::int64_t> words;
  words.reserve(sentences.size());
  for (const auto& sentence : sentences) words.push_back(count_words(sentence.text));

  /// How many sentences at the end of a part the next one starts with; never all of them.
  const auto kept = [&](std::size_t begin, std::size_t end) {
    std::size_t count = 0;
    std::int64_t sum = 0;
    while (rules.split_overlap > 0 && sum <= rules.split_overlap && end - count > begin + 1) {
      sum += words[end - count - 1];
      if (sum > rules.split_length) break;
      ++count;
    }
    return count;
  };

  PartList parts(rules);
  std::size_t begin = 0;
  std::int64_t sum = 0;
  for (std::size_t end = 1; end <= sentences.size(); ++end) {
    sum += words[end - 1];
    if (end < sentences.size() && sum + words[end] <= rules.split_length) continue;
    parts.add(Units(sentences).subspan(begin, end - begin));
    const auto next = end - kept(begin, end);
    parts.pass(Units(sentences).subspan(begin, next - begin));
    begin = next;
    sum = 0;
    for (auto i = begin; i < end; ++i) sum += words[i];
  }
  return std::move(parts).take();
}

}  // namespace berth
