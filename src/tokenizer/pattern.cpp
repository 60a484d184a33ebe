#include "tokenizer/pattern.h"

#include <algorithm>

#include "tokenizer/text_buffer.h"

namespace berth::tokenizing {
namespace {

/// Collects matches from left to right, with what lies between them.
class Cutter {
 public:
  explicit Cutter(std::vector<Span>& spans) : spans_(spans) { spans_.clear(); }

  void match(std::size_t begin, std::size_t end) {
    if (begin > reached_) spans_.push_back({reached_, begin, false});
    spans_.push_back({begin, end, true});
    reached_ = end;
  }

  void end(std::size_t size) {
    if (reached_ < size) spans_.push_back({reached_, size, false});
  }

 private:
  std::vector<Span>& spans_;
  std::size_t reached_ = 0;
};

/// Each part that is like the one before in being a match, or not, is joined with it.
std::vector<Span> joined_contiguous(const std::vector<Span>& spans) {
  std::vector<Span> parts;
  bool previous = false;
  for (const auto& span : spans) {
    if (span.is_match == previous && !parts.empty())
      parts.back().end = span.end;
    else
      parts.push_back({span.begin, span.end, false});
    previous = span.is_match;
  }
  return parts;
}

std::vector<Span> joined_with_previous(const std::vector<Span>& spans) {
  std::vector<Span> parts;
  bool previous = false;
  for (const auto& span : spans) {
    if (span.is_match && !previous && !parts.empty())
      parts.back().end = span.end;
    else
      parts.push_back({span.begin, span.end, false});
    previous = span.is_match;
  }
  return parts;
}

std::vector<Span> joined_with_next(const std::vector<Span>& spans) {
  std::vector<Span> parts;
  bool previous = false;
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    if (span->is_match && !previous && !parts.empty())
      parts.back().begin = span->begin;
    else
      parts.push_back({span->begin, span->end, false});
    previous = span->is_match;
  }
  std::ranges::reverse(parts);
  return parts;
}

}  // namespace

Pattern Pattern::literal(std::string text) { return text.empty() ? regex("") : Pattern(std::move(text)); }

Pattern Pattern::regex(std::string_view pattern) { return Pattern(Regex(pattern, Regex::Dialect::oniguruma)); }

void Pattern::find(std::string_view text, std::vector<Span>& spans) const {
  Cutter cutter(spans);
  if (const auto* kind = std::get_if<Kind>(&what_)) {
    for (std::size_t at = 0; at < text.size();) {
      const auto character = character_at(text, at);
      if ((*kind)(character.code)) cutter.match(at, at + character.length);
      at += character.length;
    }
  } else if (const auto* literal = std::get_if<std::string>(&what_)) {
    for (auto at = text.find(*literal); at != text.npos; at = text.find(*literal, at + literal->size()))
      cutter.match(at, at + literal->size());
  } else {
    std::get<Regex>(what_).for_each_span(text, [&](std::size_t begin, std::size_t end) { cutter.match(begin, end); });
  }
  cutter.end(text.size());
}

std::vector<Span> joined(std::vector<Span> spans, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::removed:
      return spans;
    case SplitBehavior::contiguous:
      return joined_contiguous(spans);
    case SplitBehavior::merged_with_previous:
      return joined_with_previous(spans);
    case SplitBehavior::merged_with_next:
      return joined_with_next(spans);
    case SplitBehavior::isolated:
      break;
  }
  for (auto& span : spans) span.is_match = false;
  return spans;
}

}  // namespace berth::tokenizing
