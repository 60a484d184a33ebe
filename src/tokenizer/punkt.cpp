#include "tokenizer/punkt.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "text/lower_case.h"
#include "text/unicode.h"
#include "tokenizer/characters.h"
#include "tokenizer/punkt_words.h"

namespace berth::tokenizing {
namespace {

constexpr std::string_view ascii_spaces = " \t\n\r\v\f";

std::string_view without_period(std::string_view type) {
  if (type.size() > 1 && type.ends_with('.')) type.remove_suffix(1);
  return type;
}

bool starts_with_case(std::string_view word, CharacterKind kind) { return is_kind(first_character(word).code, kind); }

/// A word with what it alone says of the end of a sentence.
struct MarkedWord {
  MarkedWord(const PunktModel& model, std::string_view given) : text(given) {
    if (text == "." || text == "?" || text == "!") {
      ends_sentence = true;
    } else if (is_punkt_ellipsis(text)) {
      is_ellipsis = true;
    } else if (text.ends_with('.') && !text.ends_with("..")) {
      const auto stem = lower_case(text.substr(0, text.size() - 1));
      const auto last_part = std::string_view(stem).substr(stem.rfind('-') + 1);
      is_abbreviation = model.abbreviations.contains(stem) || model.abbreviations.contains(last_part);
      ends_sentence = !is_abbreviation;
    }
  }

  std::string_view text;
  bool ends_sentence = false;
  bool is_abbreviation = false;
  bool is_ellipsis = false;
};

/// What the word after a period says.
class NextWord {
 public:
  NextWord(const PunktModel& model, const MarkedWord& word) : model_(model), word_(word) {
    auto type = punkt_type(word.text);
    type_ = word.ends_sentence ? without_period(type) : type;
    const auto context = model.contexts.find(type_);
    seen_ = context == model.contexts.end() ? 0 : context->second;
  }

  const std::string& type() const { return type_; }
  bool is_upper() const { return starts_with_case(word_.text, CharacterKind::upper); }
  bool was_seen(PunktModel::Seen how) const { return (seen_ & how) != 0; }

  bool often_starts_sentence() const { return is_upper() && model_.starters.contains(type_); }

  /// Whether its case says that it starts a sentence; nothing where that is not known.
  std::optional<bool> starts_sentence() const {
    if (word_.text.size() == 1 && std::string_view(";:,.!?").find(word_.text) != std::string_view::npos) return false;
    if (is_upper() && was_seen(PunktModel::lower) && !was_seen(PunktModel::upper_inside)) return true;
    const bool is_lower = starts_with_case(word_.text, CharacterKind::lower);
    if (is_lower && (was_seen(PunktModel::upper) || !was_seen(PunktModel::lower_at_start))) return false;
    return std::nullopt;
  }

 private:
  const PunktModel& model_;
  const MarkedWord& word_;
  std::string type_;
  unsigned seen_;
};

bool ends_sentence_before(const PunktModel& model, const MarkedWord& word, const MarkedWord& following) {
  if (!word.text.ends_with('.')) return word.ends_sentence;
  const auto full_type = punkt_type(word.text);
  const std::string type(without_period(full_type));
  const NextWord next(model, following);
  if (model.collocations.contains(type + '\t' + next.type())) return false;
  const bool is_initial = is_punkt_initial(word.text);
  const auto starts = next.starts_sentence();
  if ((word.is_abbreviation || word.is_ellipsis) && !is_initial &&
      (starts.value_or(false) || next.often_starts_sentence()))
    return true;
  if (is_initial || type == "##number##") {
    if (starts == false) return false;
    if (!starts && is_initial && next.is_upper() && !next.was_seen(PunktModel::lower)) return false;
  }
  return word.ends_sentence;
}

/// Whether a sentence ends before the last word of `context`.
bool has_end(const PunktModel& model, std::string_view context) {
  PunktWords words(context);
  const auto first = words.next();
  if (!first) return false;
  MarkedWord word(model, *first);
  while (const auto second = words.next()) {
    const MarkedWord following(model, *second);
    if (ends_sentence_before(model, word, following)) return true;
    word = following;
  }
  return false;
}

/// Where a sentence may end: a period, question mark or exclamation mark, brackets that close, and white space.
struct PossibleEnd {
  std::size_t begin;
  std::size_t end;
};

std::optional<PossibleEnd> next_possible_end(std::string_view text, std::size_t from) {
  for (auto at = text.find_first_of(".?!", from); at != text.npos; at = text.find_first_of(".?!", at + 1)) {
    const auto brackets = std::min(text.find_first_not_of(")]}", at + 1), text.size());
    const auto end = after_python_space(text, brackets);
    if (end < text.size()) return PossibleEnd{at, end};
    if (brackets > at + 1) return PossibleEnd{at, brackets - 1};  // something must follow: the last bracket
  }
  return std::nullopt;
}

/// Where the word after a possible end ends, or the one character that no word has.
std::size_t after_next_word(std::string_view text, std::size_t at) {
  const auto character = utf8_at(text, at);
  return ends_punkt_word(character.code) ? at + character.length : before_python_space(text, at);
}

/// Calls `visit(end, context)` for the last of the possible ends between two white spaces, with the word that stands before
/// it and the one after it. An end with no word before it is visited too.
void for_each_possible_end(std::string_view text, const std::function<void(std::size_t, std::string_view)>& visit) {
  std::size_t word_begin = 0;
  const auto tell = [&](const PossibleEnd& end) {
    visit(end.end, text.substr(word_begin, after_next_word(text, end.end) - word_begin));
  };
  std::optional<PossibleEnd> last;
  for (auto end = next_possible_end(text, 0); end; end = next_possible_end(text, end->end)) {
    const auto word_end = last ? last->begin : 0;
    const auto space = text.substr(word_end, end->begin - word_end).find_last_of(ascii_spaces);
    const bool is_new = space != text.npos && space != 0;
    if (last && (is_new || word_begin == word_end)) tell(*last);
    if (is_new) word_begin = word_end + space + 1;
    last = end;
  }
  if (last) tell(*last);
}

std::vector<TextSpan> unaligned(const PunktModel& model, std::string_view text) {
  std::vector<TextSpan> spans;
  std::size_t begin = 0;
  for_each_possible_end(text, [&](std::size_t end, std::string_view context) {
    if (!has_end(model, context)) return;
    spans.push_back({begin, end});
    begin = end;
  });
  spans.push_back({begin, without_space(text, false, true).size()});
  return spans;
}

/// Quotes and brackets at the start of a sentence that close what stands before it, and the white space after them.
struct Closers {
  std::size_t size = 0;
  std::size_t with_space = 0;
};

Closers closers_of(std::string_view sentence) {
  std::size_t at = 0;
  while (at < sentence.size() && is_punkt_closer(utf8_at(sentence, at).code)) at += utf8_at(sentence, at).length;
  if (at == 0) return {};
  auto end = at;
  while (end < sentence.size() && is_white_space(utf8_at(sentence, end).code)) end += utf8_at(sentence, end).length;
  const bool ends = end > at || end == sentence.size() || sentence.substr(at).starts_with("--");
  return ends ? Closers{at, end} : Closers{};
}

}  // namespace

std::vector<TextSpan> punkt_sentences(const PunktModel& model, std::string_view text) {
  auto spans = unaligned(model, text);
  for (std::size_t i = 0; i + 1 < spans.size(); ++i) {
    auto& next = spans[i + 1];
    const auto closers = closers_of(text.substr(next.begin, next.end - next.begin));
    if (closers.size > 0) spans[i].end = next.begin + closers.size;
    next.begin += closers.with_space;
  }
  std::erase_if(spans, [](const TextSpan& span) { return span.begin == span.end; });
  return spans;
}

}  // namespace berth::tokenizing
