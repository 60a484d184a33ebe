/// Regular expressions as Python's `re` or Oniguruma has them, run by PCRE2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// Where a Regex matched. Its texts are parts of the text that was searched.
struct RegexMatch {
  std::size_t begin;  ///< in bytes
  std::size_t end;
  std::vector<std::optional<std::string_view>> groups;  ///< [0] is the whole; absent: took no part

  std::string_view text() const { return *groups[0]; }
  /// The text of a group, empty where it took no part.
  std::string_view group(std::size_t number) const { return groups.at(number).value_or(std::string_view()); }
};

/// A compiled pattern of Python's for texts in UTF-8; \w, \d, \s and \b know all of Unicode, as there.
///
///     Regex(R"((\w+): (\d+))").search("Größe: 7")->group(1);  // "Größe"
///
/// Immutable, cheap to copy, safe to use from several threads. Searching throws std::invalid_argument where a text is
/// not UTF-8, and where a match takes more steps than `match_limit`, rather than going on for ever.
/// Not Python's: (?a:...), (?u:...) and \N{...} are refused, names of groups must be ASCII.
class Regex {
 public:
  static constexpr std::uint32_t match_limit = 10'000'000;

  /// For patterns of our own there is all that PCRE2 knows, such as \p{Cased}; those of tokenizers are Oniguruma's
  /// (oniguruma_pattern.h).
  enum class Dialect { python, pcre2, oniguruma };

  /// Throws std::invalid_argument with the position, in bytes, of the mistake.
  explicit Regex(std::string_view pattern, Dialect dialect = Dialect::python);

  const std::string& pattern() const { return pattern_; }
  std::size_t group_count() const;  ///< without the whole

  /// The number of the group of that name, where there is one.
  std::optional<std::size_t> group_number(std::string_view name) const;

  /// The first match that starts at `from` or later; Python's `search`.
  std::optional<RegexMatch> search(std::string_view text, std::size_t from = 0) const;

  /// The match that is the whole text; Python's `fullmatch`.
  std::optional<RegexMatch> full_match(std::string_view text) const;

  /// All matches that do not overlap, from left to right; Python's `finditer`.
  std::vector<RegexMatch> find_all(std::string_view text) const;

  /// The same one by one, without a list of them. `visit` gets the same object each time.
  void for_each_match(std::string_view text, const std::function<void(const RegexMatch&)>& visit) const;

  /// Where each match begins and ends, from left to right. Unlike Python's, an empty match that follows right upon another
  /// one is passed over, and the search goes on one character further (as with Oniguruma in the crate `onig`).
  void for_each_span(std::string_view text, const std::function<void(std::size_t, std::size_t)>& visit) const;

 private:
  struct Code;

  std::string pattern_;
  std::shared_ptr<const Code> code_;
};

}  // namespace berth
