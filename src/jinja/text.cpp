#include "jinja/text.h"

#include <algorithm>

#include "jinja/operators.h"
#include "text/unicode.h"

namespace berth::jinja {
namespace {

/// The ranges of `text` that have bytes from `begin` to before `end`, found without a look at each.
std::span<const TextRange> ranges_within(const Str& text, std::size_t begin, std::size_t end) {
  if (begin == end) return {};
  const auto first = std::ranges::upper_bound(text.untrusted, begin, {}, &TextRange::end);
  const auto last = std::ranges::lower_bound(first, text.untrusted.end(), end, {}, &TextRange::begin);
  return {first, last};
}

}  // namespace

std::size_t Str::characters(Run& run) const {
  if (counted == static_cast<std::size_t>(-1)) {
    run.count_search(bytes.size());
    counted = count_characters(bytes);
  }
  return counted;
}

void TextBuilder::mark(std::size_t begin, std::size_t end) {
  if (begin == end) return;
  if (!untrusted_.empty() && untrusted_.back().end == begin)
    untrusted_.back().end = end;
  else
    untrusted_.push_back({begin, end});
}

void TextBuilder::append(const Str& text) {
  const auto at = bytes_.size();
  append(text.bytes);
  for (const auto& range : text.untrusted) mark(at + range.begin, at + range.end);
}

void TextBuilder::append(const Str& text, std::size_t begin, std::size_t end) {
  const auto at = bytes_.size();
  append(text.bytes.substr(begin, end - begin));
  for (const auto& range : ranges_within(text, begin, end))
    mark(at + std::max(range.begin, begin) - begin, at + std::min(range.end, end) - begin);
}

void TextBuilder::append_untrusted(std::string_view text) {
  const auto at = bytes_.size();
  append(text);
  mark(at, bytes_.size());
}

void TextBuilder::append_repeated(std::string_view trusted, std::size_t times) {
  run.count_text(trusted.size(), times);
  bytes_.reserve(bytes_.size() + trusted.size() * times);
  for (std::size_t i = 0; i < times; ++i) bytes_ += trusted;
}

Any TextBuilder::finish(bool markup) {
  std::span<const TextRange> ranges;
  if (!untrusted_.empty()) {
    auto* kept = static_cast<TextRange*>(
        run.heap.resource()->allocate(untrusted_.size() * sizeof(TextRange), alignof(TextRange)));
    std::ranges::copy(untrusted_, kept);
    run.count_steps(untrusted_.size() / 16);
    ranges = {kept, untrusted_.size()};
  }
  return run.heap.make<Str>(Str{run.heap.keep(bytes_), ranges, markup});
}

Any part(Run& run, const Str& text, std::size_t begin, std::size_t end) {
  if (begin == 0 && end == text.bytes.size()) return run.heap.make<Str>(text);
  Str made{text.bytes.substr(begin, end - begin), {}, text.markup};
  if (const auto ranges = ranges_within(text, begin, end); !ranges.empty()) {
    run.count_steps(ranges.size() / 16);
    auto* kept = static_cast<TextRange*>(run.heap.resource()->allocate(ranges.size_bytes(), alignof(TextRange)));
    std::ranges::transform(ranges, kept, [&](const TextRange& range) {
      return TextRange{std::max(range.begin, begin) - begin, std::min(range.end, end) - begin};
    });
    made.untrusted = {kept, ranges.size()};
  }
  return run.heap.make<Str>(made);
}

Any changed_by_words(Run& run, const Str& text, std::string (*change)(std::string_view)) {
  TextBuilder out(run);
  const auto made = change(text.bytes);
  if (text.untrusted.empty())
    out.append(made);
  else if (text.characters(run) == text.bytes.size() && made.size() == text.bytes.size())
    out.append(Str{made, text.untrusted});
  else
    out.append_untrusted(made);
  return out.finish(text.markup);
}

TextRange bytes_of(Run& run, const Str& text, std::size_t begin, std::size_t end) {
  if (text.characters(run) == text.bytes.size()) return {begin, std::max(begin, end)};
  run.count_search(text.bytes.size());
  const auto first = byte_of_character(text.bytes, begin);
  return {first, first + (end > begin ? byte_of_character(text.bytes.substr(first), end - begin) : 0)};
}

void append_escaped(TextBuilder& out, const Str& text) {
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.bytes.size(); ++at) {
    std::string_view entity;
    switch (text.bytes[at]) {
      case '&':
        entity = "&amp;";
        break;
      case '<':
        entity = "&lt;";
        break;
      case '>':
        entity = "&gt;";
        break;
      case '\'':
        entity = "&#39;";
        break;
      case '"':
        entity = "&#34;";
        break;
      default:
        continue;
    }
    out.append(text, from, at);
    out.append(entity);
    from = at + 1;
  }
  out.append(text, from, text.bytes.size());
}

Any escaped_text(Run& run, const Any& value) {
  const auto text = str_of(run, value, true);
  if (text.string().markup) return text;
  TextBuilder out(run);
  append_escaped(out, text.string());
  return out.finish(true);
}

}  // namespace berth::jinja
