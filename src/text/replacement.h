/// What matches of a regular expression are replaced by: Python's `re.sub`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/regex.h"

namespace berth {

/// A pattern with the text that takes the place of each match, in which \1, \g<1> and \g<name> are groups of the match
/// and \n, \t and the like what they are in Python; a group that took no part is empty.
///
///     Replacement(Regex(R"((\w+)@(\w+))"), R"(\2 at \1)").apply("a@b");  // "b at a"
///
/// Immutable; safe to use from several threads.
class Replacement {
 public:
  /// Throws std::invalid_argument for a group that the pattern does not have, and an escape that Python does not know.
  Replacement(Regex regex, std::string_view text);

  /// Throws as Regex::find_all().
  std::string apply(std::string_view text) const;

 private:
  Regex regex_;
  std::vector<std::variant<std::string, std::size_t>> parts_;  // texts and numbers of groups
};

}  // namespace berth
