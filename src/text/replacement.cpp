#include "text/replacement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "text/printable.h"
#include "text/unicode.h"

namespace berth {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// Reads a replacement from left to right.
class TemplateReader {
 public:
  TemplateReader(const Regex& regex, std::string_view text) : regex_(regex), text_(text) {}

  bool at_end() const { return at_ == text_.size(); }

  /// What stands up to the next backslash.
  std::string plain() {
    const auto end = std::min(text_.find('\\', at_), text_.size());
    std::string part(text_.substr(at_, end - at_));
    at_ = end;
    return part;
  }

  /// What a backslash starts: a text, or the number of a group.
  std::variant<std::string, std::size_t> escape() {
    start_ = at_++;
    if (at_end()) fail("it ends in a backslash");
    const char c = text_[at_++];
    if (c == 'g') return group_in_brackets();
    if (c == '0') return octal(at_ - 1, 3);
    if (is_digit(c)) return group_or_octal();
    static constexpr std::string_view letters = "abfnrtv\\";
    static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\";
    if (const auto found = letters.find(c); found != letters.npos) return std::string(1, meanings[found]);
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) fail(fmt::format("bad escape \\{}", c));
    return std::string(text_.substr(start_, 2));
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::invalid_argument(
        fmt::format("The replacement {} is wrong at position {}: {}", in_quotes(text_), start_, why));
  }

  std::size_t checked(std::size_t group) const {
    if (group > regex_.group_count()) fail(fmt::format("the pattern has no group {}", group));
    return group;
  }

  std::size_t group_in_brackets() {
    const auto end = text_.find('>', at_);
    if (at_end() || text_[at_] != '<' || end == text_.npos) fail("a group's name is expected, such as \\g<1>");
    const auto name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    std::size_t number = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && stop == name.data() + name.size()) return checked(number);
    const auto found = regex_.group_number(name);
    if (!found) fail(fmt::format("the pattern has no group {}", in_quotes(name)));
    return *found;
  }

  /// The character with at most `most` octal digits from `from` on.
  std::string octal(std::size_t from, std::size_t most) {
    std::uint32_t code = 0;
    for (at_ = from; at_ < text_.size() && at_ < from + most && is_octal(text_[at_]); ++at_)
      code = code * 8 + static_cast<std::uint32_t>(text_[at_] - '0');
    if (code > 255) fail("an octal escape is beyond \\377");
    std::string character;
    append_utf8(character, code);
    return character;
  }

  /// One or two digits are a group, three octal ones a character.
  std::variant<std::string, std::size_t> group_or_octal() {
    const auto digits = text_.substr(at_ - 1, 3);
    if (digits.size() == 3 && std::ranges::all_of(digits, is_octal)) return octal(at_ - 1, 3);
    auto number = static_cast<std::size_t>(digits[0] - '0');
    if (digits.size() > 1 && is_digit(digits[1])) {
      number = 10 * number + static_cast<std::size_t>(digits[1] - '0');
      ++at_;
    }
    return checked(number);
  }

  const Regex& regex_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
};

}  // namespace

Replacement::Replacement(Regex regex, std::string_view text) : regex_(std::move(regex)) {
  TemplateReader reader(regex_, text);
  while (!reader.at_end()) {
    parts_.emplace_back(reader.plain());
    if (!reader.at_end()) parts_.push_back(reader.escape());
  }
}

std::string Replacement::apply(std::string_view text) const {
  std::string result;
  std::size_t at = 0;
  regex_.for_each_match(text, [&](const RegexMatch& match) {
    result += text.substr(at, match.begin - at);
    for (const auto& part : parts_) {
      if (const auto* plain = std::get_if<std::string>(&part))
        result += *plain;
      else
        result += match.group(std::get<std::size_t>(part));
    }
    at = match.end;
  });
  result += text.substr(at);
  return result;
}

}  // namespace berth
