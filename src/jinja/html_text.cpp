#include "jinja/html_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/regex.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

/// The entities that are common; others stay as they are.
constexpr std::array<std::pair<std::string_view, std::string_view>, 27> entities = {
    {{"amp", "&"},         {"apos", "'"},        {"bull", "\u2022"},  {"cent", "\u00A2"}, {"copy", "\u00A9"},
     {"deg", "\u00B0"},    {"divide", "\u00F7"}, {"euro", "\u20AC"},  {"gt", ">"},        {"hellip", "\u2026"},
     {"laquo", "\u00AB"},  {"ldquo", "\u201C"},  {"lsquo", "\u2018"}, {"lt", "<"},        {"mdash", "\u2014"},
     {"middot", "\u00B7"}, {"nbsp", "\u00A0"},   {"ndash", "\u2013"}, {"para", "\u00B6"}, {"pound", "\u00A3"},
     {"quot", "\""},       {"raquo", "\u00BB"},  {"rdquo", "\u201D"}, {"reg", "\u00AE"},  {"rsquo", "\u2019"},
     {"sect", "\u00A7"},   {"times", "\u00D7"}}};

/// Without what starts with `open` and ends with `close`.
std::string without(std::string text, std::string_view open, std::string_view close) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto start = text.find(open, at);
    const auto end = start == text.npos ? text.npos : text.find(close, start);
    if (end == text.npos) return out + text.substr(at);
    out.append(text, at, start - at);
    at = end + close.size();
    // What was apart may make a new start.
    const auto back = std::min(out.size(), open.size() - 1);
    at -= back;
    text.replace(at, back, out, out.size() - back, back);
    out.resize(out.size() - back);
  }
}

std::string attribute(std::string_view name, const std::string& value) {
  return value.empty() ? "" : " " + std::string(name) + "=\"" + value + "\"";
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

/// What a word that is an address becomes, or the word.
std::string linked(const std::string& word, const LinkOptions& options) {
  static const Regex address(R"((?i)^((https?://|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59})|([\w%-]{2,63}\.)+)"
                             R"((com|net|int|edu|gov|org|info|mil)|(https?://)((([\d]{1,3})(\.[\d]{1,3}){3})|)"
                             R"((\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])))(?::[\d]{1,5})?(?:[/?#]\S*)?$)");
  static const Regex mail(R"(^\S+@\w[\w.-]*\.\w+$)");
  const auto attributes = attribute("rel", options.relation) + attribute("target", options.target);
  const auto shown = [&] {
    if (!options.text_limit || static_cast<std::int64_t>(count_characters(word)) <= *options.text_limit) return word;
    const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(*options.text_limit, 0));
    return word.substr(0, byte_of_character(word, limit)) + "...";
  };
  if (address.search(word)) {
    const bool has_scheme = word.starts_with("https://") || word.starts_with("http://");
    return "<a href=\"" + std::string(has_scheme ? "" : "https://") + word + "\"" + attributes + ">" + shown() + "</a>";
  }
  if (word.starts_with("mailto:") && mail.search(word.substr(7)))
    return "<a href=\"" + word + "\">" + word.substr(7) + "</a>";
  if (word.find('@') != word.npos && !word.starts_with("www.") && !word.starts_with('@') &&
      word.find(':') == word.npos && mail.search(word))
    return "<a href=\"mailto:" + word + "\">" + word + "</a>";
  for (const auto& scheme : options.schemes)
    if (word != scheme && word.starts_with(scheme))
      return "<a href=\"" + word + "\"" + attributes + ">" + word + "</a>";
  return word;
}

/// Puts back into the middle what closes brackets that were opened in it.
void balance(std::string& middle, std::string& tail) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> pairs = {
      {{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}}};
  for (const auto& [open, close] : pairs) {
    const auto opened = count(middle, open);
    if (opened <= count(middle, close)) continue;
    for (auto left = std::min(opened, count(tail, close)); left > 0; --left) {
      const auto end = tail.find(close) + close.size();
      middle += tail.substr(0, end);
      tail.erase(0, end);
    }
  }
}

std::string with_link(std::string_view word, const LinkOptions& options) {
  static const Regex before(R"(^([(<]|&lt;)+)");
  static const Regex after(R"(([)>.,\n]|&gt;)+$)");
  std::string head;
  std::string middle(word);
  std::string tail;
  if (const auto match = before.search(middle)) {
    head = match->text();
    middle.erase(0, head.size());
  }
  if (const auto match = after.search(middle)) {
    tail = match->text();
    middle.resize(match->begin);
  }
  balance(middle, tail);
  return head + linked(middle, options) + tail;
}

}  // namespace

bool is_scheme(std::string_view text) {
  static const Regex scheme(R"([\w.+-]{2,}:(/){0,2})");
  return scheme.full_match(text).has_value();
}

std::string without_entities(std::string_view text) {
  static const Regex entity(R"(&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z]+;))");
  std::string out;
  std::size_t from = 0;
  entity.for_each_match(text, [&](const RegexMatch& match) {
    auto name = match.group(1);
    if (name.ends_with(';')) name.remove_suffix(1);
    std::string character;
    if (name.starts_with('#')) {
      const bool is_hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
      const auto digits = std::string(name.substr(is_hex ? 2 : 1));
      const auto code = digits.size() > 8 ? 0xFFFFFFFFUL : std::stoul(digits, nullptr, is_hex ? 16 : 10);
      append_utf8(character, code == 0 || code > 0x10FFFF ? 0xFFFD : static_cast<std::uint32_t>(code));
    } else {
      const auto found = std::ranges::find(entities, name, &std::pair<std::string_view, std::string_view>::first);
      if (found == entities.end()) return;
      character = found->second;
    }
    (out += text.substr(from, match.begin - from)) += character;
    from = match.end;
  });
  return out += text.substr(from);
}

std::string without_tags(std::string_view text) {
  const auto plain = without(without(std::string(text), "<!--", "-->"), "<", ">");
  std::string words;
  for (auto rest = without_space(plain); !rest.empty(); rest = without_space(rest)) {
    std::size_t end = 0;
    while (end < rest.size() && !is_kind(first_character(rest.substr(end)).code, CharacterKind::space))
      end += first_character(rest.substr(end)).length;
    if (!words.empty()) words += ' ';
    words += rest.substr(0, end);
    rest.remove_prefix(end);
  }
  return without_entities(words);
}

std::string with_links(std::string_view text, const LinkOptions& options) {
  static const Regex blanks(R"(\s+)");
  std::string out;
  std::size_t from = 0;
  blanks.for_each_match(text, [&](const RegexMatch& match) {
    out += with_link(text.substr(from, match.begin - from), options);
    out += match.text();
    from = match.end;
  });
  return out += with_link(text.substr(from), options);
}

}  // namespace berth::jinja
