#include "jinja/bounded.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "jinja/limits.h"

namespace berth {
namespace {

using ::jinja::is_val;
using ::jinja::mk_val;
using Any = ::jinja::value;

/// As jinja2's sandbox, which stops at as many.
constexpr std::int64_t max_range = 100000;
/// Sums of two of them are no problem.
constexpr std::int64_t max_bound = std::int64_t{1} << 60;

Any range(const std::vector<Any>& operands) {
  std::int64_t bounds[] = {0, 0, 1};  // start, stop, step
  if (operands.empty() || operands.size() > 3) throw std::runtime_error("range() takes 1 to 3 numbers");
  for (std::size_t i = 0; i < operands.size(); ++i) {
    bounds[i] = operands[i]->as_int();
    if (bounds[i] != std::clamp(bounds[i], -max_bound, max_bound))
      throw std::runtime_error(fmt::format("Range too big: {}", bounds[i]));
  }
  if (operands.size() == 1) std::swap(bounds[0], bounds[1]);
  const auto [start, stop, step] = bounds;
  if (step == 0) throw std::runtime_error("range() arg 3 must not be zero");
  auto list = mk_val<::jinja::value_array>();
  std::int64_t left = max_range;
  for (auto i = start; step > 0 ? i < stop : i > stop; i += step) {
    if (left-- == 0)
      throw std::runtime_error(fmt::format("Range too big. The sandbox blocks ranges larger than {}.", max_range));
    list->push_back(mk_val<::jinja::value_int>(i));
    if (__builtin_add_overflow_p(i, step, i)) break;
  }
  JinjaLimits::current().count_steps(list->val_arr.size());
  return list;
}

/// Calls `piece` with each piece of `text` between the first `most` places where `separator` is.
template <class F>
void for_each_piece(std::string_view text, std::string_view separator, std::int64_t most, F piece) {
  for (;; --most) {
    const auto end = most == 0 ? text.npos : text.find(separator);
    piece(text.substr(0, end));
    if (end == text.npos) return;
    text.remove_prefix(end + separator.size());
  }
}

std::size_t count_pieces(std::string_view text, std::string_view separator, std::int64_t most) {
  std::size_t pieces = 0;
  for_each_piece(text, separator, most, [&](std::string_view) { ++pieces; });
  return pieces;
}

/// As the engine does: marked as input where all of `origin` is.
Any marked(const std::string& text, const Any& origin) {
  auto made = mk_val<::jinja::value_string>(text);
  made->val_str.mark_input_based_on(origin->val_str);
  return made;
}

Any replace(const Any& text, const std::string& from, const std::string& to) {
  const auto whole = text->val_str.str();
  auto pieces = count_pieces(whole, from, -1);
  JinjaLimits::current().count_text(to.size(), pieces);
  JinjaLimits::current().count_text(whole.size());
  std::string out;
  for_each_piece(whole, from, -1, [&](std::string_view piece) {
    out += piece;
    if (--pieces > 0) out += to;
  });
  return marked(out, text);
}

/// nullptr where the text has parts with different marks.
Any repeat(const Any& text, std::int64_t times) {
  if (text->val_str.parts.size() != 1) return nullptr;
  const auto& part = text->val_str.parts.front().val;
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, times));
  JinjaLimits::current().count_text(part.size(), count);
  if (part.size() == 1) return marked(std::string(count, part.front()), text);
  std::string out;
  out.reserve(part.size() * count);
  for (std::size_t i = 0; i < count && !part.empty(); ++i) out += part;
  return marked(out, text);
}

Any split(const Any& text, const std::string& separator, std::int64_t most) {
  const auto whole = text->val_str.str();
  JinjaLimits::current().count_text(whole.size());
  JinjaLimits::current().count_steps(count_pieces(whole, separator, most));
  auto list = mk_val<::jinja::value_array>();
  for_each_piece(whole, separator, most,
                 [&](std::string_view piece) { list->push_back(mk_val<::jinja::value_string>(std::string(piece))); });
  list->val_arr.back() = marked(list->val_arr.back()->val_str.str(), text);
  return list;
}

}  // namespace

Any bounded(std::string_view function, const std::vector<Any>& operands) {
  if (function == "range") return range(operands);
  if (function == "*" && operands.size() == 2) {
    const bool text_first = is_val<::jinja::value_string>(operands[0]);
    const auto& text = operands[text_first ? 0 : 1];
    const auto& times = operands[text_first ? 1 : 0];
    const bool repeats = is_val<::jinja::value_string>(text) && is_val<::jinja::value_int>(times);
    return repeats ? repeat(text, times->as_int()) : nullptr;
  }
  if (function != "replace" && function != "split") return nullptr;
  std::vector<std::string> texts;
  while (texts.size() < operands.size() && is_val<::jinja::value_string>(operands[texts.size()]))
    texts.push_back(operands[texts.size()]->val_str.str());
  const bool number_last = operands.size() == texts.size() + 1 && is_val<::jinja::value_int>(operands.back());
  if ((operands.size() != texts.size() && !number_last) || texts.empty()) return nullptr;
  const std::int64_t number = number_last ? operands.back()->as_int() : -1;
  if (function == "replace") {
    if (texts.size() != 3 || number > 0) return nullptr;
    if (!texts[1].empty()) return replace(operands[0], texts[1], texts[2]);
    JinjaLimits::current().count_text(texts[2].size(), texts[0].size() + 1);
    return nullptr;
  }
  if (texts.size() == 1 && !number_last) return split(operands[0], " ", -1);
  return texts.size() == 2 && !texts[1].empty() ? split(operands[0], texts[1], number) : nullptr;
}

}  // namespace berth
