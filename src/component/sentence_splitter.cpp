#include "component/sentence_splitter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "berth/error.h"
#include "component/nltk_data.h"
#include "component/sentence_abbreviations.h"
#include "text/printable.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth {
namespace {

using tokenizing::TextSpan;

constexpr std::pair<std::string_view, std::string_view> punkt_languages[] = {
    {"cs", "czech"},     {"da", "danish"},   {"de", "german"},    {"el", "greek"},  {"en", "english"},
    {"es", "spanish"},   {"et", "estonian"}, {"fi", "finnish"},   {"fr", "french"}, {"it", "italian"},
    {"ml", "malayalam"}, {"nl", "dutch"},    {"no", "norwegian"}, {"pl", "polish"}, {"pt", "portuguese"},
    {"ru", "russian"},   {"sl", "slovene"},  {"sv", "swedish"},   {"tr", "turkish"}};

std::optional<std::string_view> punkt_language(std::string_view code) {
  for (const auto& [known, name] : punkt_languages)
    if (known == code) return name;
  return std::nullopt;
}

std::string model_name(std::string_view code) {
  return fmt::format("tokenizers/punkt_tab/{}", punkt_language(code).value_or("english"));
}

std::string_view more_abbreviations(std::string_view code) {
  if (code == "en") return english_abbreviations;
  if (code == "de") return german_abbreviations;
  return {};
}

void extend(tokenizing::PunktModel& model, std::string_view words) {
  // Haystack's lists end with an end of line, which makes the empty word one of them: a hyphen before a period.
  if (!words.empty()) model.abbreviations.emplace();
  while (!words.empty()) {
    const auto end = std::min(words.find_first_of(" \n"), words.size());
    if (end > 0) model.abbreviations.emplace(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

/// Texts in single or double quotes, from left to right, with their quotes.
std::vector<TextSpan> quoted_spans(std::string_view text) {
  std::vector<TextSpan> spans;
  for (auto at = text.find_first_of("\"'"); at != text.npos; at = text.find_first_of("\"'", at)) {
    const auto end = text.find(text[at], at + 1);
    if (end != text.npos) spans.push_back({at, end + 1});
    at = end == text.npos ? at + 1 : end + 1;
  }
  return spans;
}

/// Where the character before `end` starts.
std::size_t character_before(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) --at;
  return at;
}

/// Whether a text ends with a line that is only a number of one or two digits and a period: "\n 12."
bool ends_with_numbering(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!text.ends_with('.')) return false;
  text.remove_suffix(1);
  int digits = 0;
  for (; digits < 2 && !text.empty(); ++digits) {
    const auto start = character_before(text, text.size());
    if (!is_kind(first_character(text.substr(start)).code, CharacterKind::decimal)) break;
    text.remove_suffix(text.size() - start);
  }
  if (digits == 0) return false;
  const auto before = without_space(text, false, true);
  return before.empty() || text.find('\n', before.size()) != text.npos;
}

bool starts_with_bracket(std::string_view text) {
  const auto rest = without_space(text, true, false);
  return rest.starts_with('(') || rest.starts_with('[');
}

/// Joins sentences that Haystack's rules take for one.
class SentenceJoiner {
 public:
  explicit SentenceJoiner(std::string_view text) : text_(text), quotes_(quoted_spans(text)) {}

  bool belong_together(const TextSpan& sentence, const TextSpan& next) const {
    return ends_in_quote(sentence.end) || ends_with_numbering(part(sentence)) || starts_with_bracket(part(next));
  }

 private:
  std::string_view part(const TextSpan& span) const { return text_.substr(span.begin, span.end - span.begin); }

  /// Whether a sentence ends within a quote, or with one that is a question.
  bool ends_in_quote(std::size_t end) const {
    const auto quote = std::ranges::lower_bound(quotes_, end, {}, &TextSpan::end);
    if (quote == quotes_.end() || quote->begin >= end) return false;
    return end < quote->end || text_[end - 2] == '?';
  }

  std::string_view text_;
  std::vector<TextSpan> quotes_;
};

}  // namespace

SentenceSplitter::SentenceSplitter(SentenceRules rules, const CallContext& context) : rules_(std::move(rules)) {
  if (const auto problem = problem_of(rules_.language)) throw ModelNotFound(*problem);
  const auto warn = [&](const std::string& message) {
    if (context.log) context.log(LogLevel::warning, message);
  };
  if (!punkt_language(rules_.language))
    warn(fmt::format("NLTK's Punkt has no model for the language {}: sentences end as in English",
                     in_quotes(rules_.language)));
  model_ = tokenizing::read_punkt(*find_nltk_data(model_name(rules_.language)));
  if (!rules_.extend_abbreviations) return;
  const auto words = more_abbreviations(rules_.language);
  extend(model_, words);
  if (words.empty())
    warn(fmt::format("There is no list of abbreviations for the language {}: those that Punkt knows must do",
                     in_quotes(rules_.language)));
}

std::optional<std::string> SentenceSplitter::problem_of(const std::string& language) {
  const auto name = model_name(language);
  if (find_nltk_data(name)) return std::nullopt;
  // NLTK reads within the archive too.
  if (const auto archive = find_nltk_archive("tokenizers/punkt_tab"))
    return fmt::format(
        "Sentences need the model {} of NLTK's Punkt, which may be packed in {}: unpack that beside itself",
        in_quotes(name), in_quotes(archive->string()));
  std::vector<std::string> folders;
  for (const auto& folder : nltk_data_folders()) folders.push_back(in_quotes(folder.string()));
  return fmt::format(
      "Sentences need the model {} of NLTK's Punkt, which is in none of {}: 'python -m nltk.downloader punkt_tab' "
      "installs it; NLTK_DATA names another folder",
      in_quotes(name), fmt::join(folders, ", "));
}

std::vector<std::string_view> SentenceSplitter::split(std::string_view text) const {
  auto spans = tokenizing::punkt_sentences(model_, text);
  if (rules_.use_split_rules && !spans.empty()) {
    const SentenceJoiner joiner(text);
    auto last = spans.begin();
    for (auto next = last + 1; next != spans.end(); ++next) {
      if (joiner.belong_together(*last, *next))
        last->end = next->end;
      else
        *++last = *next;
    }
    spans.erase(last + 1, spans.end());
  }
  std::vector<std::string_view> sentences;
  sentences.reserve(spans.size());
  for (const auto& span : spans) sentences.push_back(text.substr(span.begin, span.end - span.begin));
  return sentences;
}

}  // namespace berth
