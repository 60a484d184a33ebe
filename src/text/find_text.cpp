#include "text/find_text.h"

#include <algorithm>

namespace berth {
namespace {

/// Below this length a search by std::string_view is linear enough, and faster.
constexpr std::size_t short_text = 32;

class Forward {
 public:
  explicit Forward(std::string_view text) : first_(text.data()) {}
  unsigned char operator[](std::size_t at) const { return static_cast<unsigned char>(first_[at]); }

 private:
  const char* first_;
};

/// A text read from its end.
class Backward {
 public:
  explicit Backward(std::string_view text) : last_(text.data() + text.size() - 1) {}
  unsigned char operator[](std::size_t at) const {
    return static_cast<unsigned char>(*(last_ - static_cast<std::ptrdiff_t>(at)));
  }

 private:
  const char* last_;
};

struct Suffix {
  std::size_t start;
  std::size_t period;
};

/// The suffix of `what` that is the largest, or the smallest, by its bytes, and the period of that suffix.
template <class Text>
Suffix extreme_suffix(const Text& what, std::size_t size, bool largest) {
  Suffix best{0, 1};
  std::size_t matched = 0;
  for (std::size_t other = 1; other + matched < size;) {
    const auto a = what[best.start + matched];
    const auto b = what[other + matched];
    if (a == b) {
      if (++matched < best.period) continue;
      other += best.period;
    } else if ((a > b) == largest) {
      other += matched + 1;
      best.period = other - best.start;
    } else {
      best = {other++, 1};
    }
    matched = 0;
  }
  return best;
}

/// Where `what` starts in `text`: the Two-Way algorithm (Crochemore and Perrin, J. ACM 38(3), 1991), which compares a
/// byte of `text` at most twice and needs no memory.
template <class Text>
std::size_t two_way(const Text& text, std::size_t text_size, const Text& what, std::size_t size) {
  const auto largest = extreme_suffix(what, size, true);
  const auto smallest = extreme_suffix(what, size, false);
  const auto& split = largest.start > smallest.start ? largest : smallest;
  const auto middle = split.start;
  bool is_periodic = true;
  for (std::size_t i = 0; i < middle && is_periodic; ++i) is_periodic = what[i] == what[i + split.period];
  const auto step = is_periodic ? split.period : std::max(middle, size - middle) + 1;
  std::size_t known = 0;  // so many bytes are known to match where `what` repeats itself
  for (std::size_t at = 0; at + size <= text_size;) {
    auto right = std::max(middle, known);
    while (right < size && what[right] == text[at + right]) ++right;
    if (right < size) {
      at += right - middle + 1;
      known = 0;
      continue;
    }
    auto left = middle;
    while (left > known && what[left - 1] == text[at + left - 1]) --left;
    if (left <= known) return at;
    at += step;
    known = is_periodic ? size - split.period : 0;
  }
  return std::string_view::npos;
}

}  // namespace

std::size_t find_text(std::string_view text, std::string_view what, std::size_t from) {
  if (what.size() < short_text) return text.find(what, from);
  if (from > text.size() || what.size() > text.size() - from) return std::string_view::npos;
  const auto rest = text.substr(from);
  const auto at = two_way(Forward(rest), rest.size(), Forward(what), what.size());
  return at == std::string_view::npos ? at : from + at;
}

std::size_t find_last_text(std::string_view text, std::string_view what) {
  if (what.size() < short_text) return text.rfind(what);
  if (what.size() > text.size()) return std::string_view::npos;
  const auto at = two_way(Backward(text), text.size(), Backward(what), what.size());
  return at == std::string_view::npos ? at : text.size() - what.size() - at;
}

}  // namespace berth
