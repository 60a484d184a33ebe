#include "berth/answer_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <set>
#include <stdexcept>

#include "text/printable.h"
#include "text/regex.h"

namespace berth {
namespace {

constexpr std::string_view default_reference_pattern = R"(\[(\d+)\])";
constexpr std::string_view expanded_reference_pattern = R"(\[(\d+(?:[,-]\d+)*)\])";

/// That of the run, which an empty text is not, and else the component's own.
std::optional<std::string> chosen(std::optional<std::string> first, const std::optional<std::string>& second) {
  return first.value_or("").empty() ? second : first;
}

Regex answer_regex(const std::string& pattern) {
  Regex regex(pattern);
  if (regex.group_count() > 1)
    throw std::invalid_argument(
        fmt::format("Pattern {} contains multiple capture groups. Please specify a pattern with at most one capture "
                    "group.",
                    in_quotes(pattern)));
  return regex;
}

std::string answer_text(const std::string& reply, const std::optional<Regex>& regex) {
  if (!regex) return reply;
  const auto match = regex->search(reply);
  if (!match) return "";
  const auto last = match->groups.back();  // the group, or the whole where there is none
  return std::string(last.value_or(match->text()));
}

/// As Python's int(): with blanks around, and a sign.
std::int64_t number(std::string_view text) {
  static constexpr std::string_view blanks = " \t\n\r\f\v";
  std::string_view digits = text.substr(std::min(text.find_first_not_of(blanks), text.size()));
  digits = digits.substr(0, digits.find_last_not_of(blanks) + 1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range && end == digits.data() + digits.size())
    return std::numeric_limits<std::int64_t>::max();  // of no document
  if (error != std::errc() || end != digits.data() + digits.size())
    throw std::invalid_argument(fmt::format(
        "A reference to a document is no number: invalid literal for int() with base 10: {}", in_quotes(text)));
  return std::max(value, -std::numeric_limits<std::int64_t>::max());
}

/// Where documents stand that are named by `reference`, such as "6-10, 12", from 0.
void add_ranges(std::string_view reference, std::int64_t documents, std::set<std::int64_t>& places) {
  for (std::size_t start = 0; start <= reference.size();) {
    const auto end = std::min(reference.find(',', start), reference.size());
    const auto part = reference.substr(start, end - start);
    start = end + 1;
    if (part.find_first_not_of(" \t\n\r\f\v") == part.npos) continue;
    const auto dash = part.find('-');
    const auto first = number(part.substr(0, dash));
    if (dash == part.npos) {
      places.insert(first - 1);
      continue;
    }
    const auto last = number(part.substr(dash + 1));
    for (auto place = first; place <= std::min(last, documents); ++place) places.insert(place - 1);
  }
}

std::set<std::int64_t> referenced_places(const std::string& reply, const Regex& regex, bool ranges,
                                         std::int64_t documents) {
  std::set<std::int64_t> places;
  if (documents == 0) return places;
  regex.for_each_match(reply, [&](const RegexMatch& match) {
    if (regex.group_count() > 1)
      throw std::invalid_argument(
          fmt::format("The reference pattern {} has {} groups: it needs one, around the document's number",
                      in_quotes(regex.pattern()), regex.group_count()));
    const auto reference = match.group(regex.group_count());
    if (ranges)
      add_ranges(reference, documents, places);
    else
      places.insert(number(reference) - 1);
  });
  return places;
}

struct References {
  std::optional<Regex> regex;
  bool ranges;
  bool only_referenced;
};

/// The documents of an answer. A place before the first counts from the end, as in Python; one that is not there is left
/// out, with a warning.
std::vector<Document> answer_documents(const std::vector<Document>& documents, const std::string& reply,
                                       const References& references, const LogCallback& log) {
  const auto count = static_cast<std::int64_t>(documents.size());
  std::set<std::int64_t> referenced;
  if (references.regex) referenced = referenced_places(reply, *references.regex, references.ranges, count);
  auto places = referenced;
  if (!references.regex || !references.only_referenced) {
    places.clear();
    for (std::int64_t i = 0; i < count; ++i) places.insert(i);
  }

  std::vector<Document> chosen;
  for (const auto place : places) {
    if (place >= count || place < -count) {
      if (log)
        log(LogLevel::warning,
            fmt::format("Document index '{}' referenced in Generator output is out of range.", place + 1));
      continue;
    }
    auto document = documents[static_cast<std::size_t>(place < 0 ? place + count : place)];
    document.meta.set("source_index", place + 1);
    if (references.regex) document.meta.set("referenced", referenced.contains(place));
    chosen.push_back(std::move(document));
  }
  return chosen;
}

struct Reply {
  std::string text;
  Value::Object meta;
};

Reply as_reply(const std::string& text) { return {text, {}}; }
Reply as_reply(const ChatMessage& message) { return {message.text().value_or(""), message.meta()}; }

}  // namespace

AnswerBuilder::AnswerBuilder(AnswerBuilderParameters given) : ComponentWith(type_name, std::move(given)) {
  if (const auto& pattern = parameters().pattern; !pattern.value_or("").empty()) (void)answer_regex(*pattern);
}

void AnswerBuilder::run(Run& run) {
  const auto replies = run.get(replies_);
  const auto count = std::visit([](const auto& list) { return list.size(); }, replies);
  auto meta = run.get(meta_).value_or(std::vector<Value::Object>());
  if (meta.empty()) meta.resize(count);
  if (meta.size() != count)
    throw std::invalid_argument(
        fmt::format("Number of replies ({}), and metadata ({}) must match.", count, meta.size()));

  std::optional<Regex> regex;
  if (const auto pattern = chosen(run.get(pattern_), parameters().pattern)) regex = answer_regex(*pattern);
  References references{{},
                        run.get(expand_reference_ranges_).value_or(parameters().expand_reference_ranges),
                        parameters().return_only_referenced_documents};
  const auto pattern = chosen(run.get(reference_pattern_), parameters().reference_pattern);
  if (!pattern.value_or("").empty())
    references.regex.emplace(references.ranges && *pattern == default_reference_pattern
                                 ? std::string(expanded_reference_pattern)
                                 : *pattern);

  const auto query = run.get(query_);
  const auto documents = run.get(documents_).value_or(std::vector<Document>());
  std::vector<GeneratedAnswer> answers;
  std::visit(
      [&](const auto& list) {
        for (auto i = parameters().last_message_only && count > 0 ? count - 1 : 0; i < count; ++i) {
          auto reply = as_reply(list[i]);
          for (const auto& [name, value] : meta[i]) reply.meta.set(name, value);
          reply.meta.set("all_messages", to_value(list));
          answers.push_back({.data = answer_text(reply.text, regex),
                             .query = query,
                             .documents = answer_documents(documents, reply.text, references, run.log()),
                             .meta = std::move(reply.meta)});
        }
      },
      replies);
  run.set(answers_, std::move(answers));
}

}  // namespace berth
