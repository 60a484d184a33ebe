/// What cuts a text: a character, a text, a regular expression.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/regex.h"

namespace berth::tokenizing {

/// A part of a text, and whether the pattern matched it.
struct Span {
  std::size_t begin;
  std::size_t end;
  bool is_match;
};

/// What is looked for. Immutable, cheap to copy.
class Pattern {
 public:
  using Kind = bool (*)(std::uint32_t code);

  /// Each character of this kind is a match of its own.
  static Pattern characters(Kind kind) { return Pattern(kind); }
  /// The text itself; where it is empty, the place before each character.
  static Pattern literal(std::string text);
  /// Oniguruma's. Throws std::invalid_argument where it is wrong.
  static Pattern regex(std::string_view pattern);

  /// The whole of `text`, in order, cut where matches begin and end. `text` is not empty.
  void find(std::string_view text, std::vector<Span>& spans) const;

 private:
  template <class T>
  explicit Pattern(T what) : what_(std::move(what)) {}

  std::variant<Kind, std::string, Regex> what_;
};

/// What becomes of a match that cuts a text.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// The parts that are left of a text that was cut into `spans`. Those that are removed have is_match set.
std::vector<Span> joined(std::vector<Span> spans, SplitBehavior behavior);

}  // namespace berth::tokenizing
