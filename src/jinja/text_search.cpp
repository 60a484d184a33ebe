#include "jinja/text_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "jinja/operators.h"
#include "text/find_text.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

bool is_space(std::string_view rest) { return is_kind(first_character(rest).code, CharacterKind::space); }

/// How long the last character is.
std::size_t last_length(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && length < 4 && (static_cast<unsigned char>(text[text.size() - length]) & 0xC0U) == 0x80)
    ++length;
  return length;
}

void add(Run& run, List* list, const Str& text, std::size_t begin, std::size_t end) {
  run.count_steps(1);
  list->items.push_back(part(run, text, begin, end));
}

bool is_left(std::int64_t& count) {
  if (count == 0) return false;
  if (count > 0) --count;
  return true;
}

std::size_t skip_space(std::string_view text, std::size_t at, bool space) {
  while (at < text.size() && is_space(text.substr(at)) == space) at += first_character(text.substr(at)).length;
  return at;
}

std::size_t skip_space_back(std::string_view text, std::size_t end, bool space) {
  while (end > 0) {
    const auto length = last_length(text.substr(0, end));
    if (is_space(text.substr(end - length, length)) != space) break;
    end -= length;
  }
  return end;
}

/// The length of the end of a line that `rest` starts with, as str.splitlines() knows them; 0: none.
std::size_t line_end(std::string_view rest) {
  const char c = rest[0];
  if (c == '\r') return rest.starts_with("\r\n") ? 2 : 1;
  if (c == '\n' || c == '\v' || c == '\f' || (c >= '\x1c' && c <= '\x1e')) return 1;
  for (const std::string_view other : {"\u0085", "\u2028", "\u2029"})
    if (rest.starts_with(other)) return other.size();
  return 0;
}

}  // namespace

Any stripped(Run& run, const Str& text, const Any* set, bool left, bool right) {
  run.count_search(text.bytes.size());
  std::size_t begin = 0;
  std::size_t end = text.bytes.size();
  if (set == nullptr) {
    if (left) begin = skip_space(text.bytes, 0, true);
    if (right && begin < end) end = std::max(begin, skip_space_back(text.bytes, end, true));
    return part(run, text, begin, end);
  }
  const auto characters = text_argument(*set, "strip").bytes;
  run.count_steps(characters.size() / 16);
  const auto is_in_set = [&](std::string_view one) {
    // Only whole characters are found: no character in UTF-8 is within another.
    run.count_search(characters.size());
    return characters.find(one) != characters.npos;
  };
  while (left && begin < end) {
    const auto length = first_character(text.bytes.substr(begin)).length;
    if (!is_in_set(text.bytes.substr(begin, length))) break;
    begin += length;
  }
  while (right && begin < end) {
    const auto length = last_length(text.bytes.substr(begin, end - begin));
    if (!is_in_set(text.bytes.substr(end - length, length))) break;
    end -= length;
  }
  return part(run, text, begin, end);
}

Any replaced(Run& run, const Str& text, const Str& old, const Str& by, std::int64_t count) {
  run.count_search(text.bytes.size());
  TextBuilder out(run);
  std::size_t from = 0;
  if (old.bytes.empty()) {
    for (std::size_t at = 0; is_left(count);) {
      run.count_steps(1);
      out.append(by);
      if (at == text.bytes.size()) break;
      const auto end = at + first_character(text.bytes.substr(at)).length;
      out.append(text, at, end);
      from = at = end;
    }
    out.append(text, from, text.bytes.size());
    return out.finish(text.markup);
  }
  for (auto at = find_text(text.bytes, old.bytes); at != text.bytes.npos && is_left(count);
       at = find_text(text.bytes, old.bytes, from)) {
    out.append(text, from, at);
    out.append(by);
    from = at + old.bytes.size();
  }
  out.append(text, from, text.bytes.size());
  return out.finish(text.markup);
}

List* split(Run& run, const Str& text, const Str* separator, std::int64_t count) {
  run.count_search(text.bytes.size());
  auto* parts = run.list();
  const auto& bytes = text.bytes;
  if (separator != nullptr) {
    if (separator->bytes.empty()) value_error("empty separator");
    std::size_t from = 0;
    for (auto at = find_text(bytes, separator->bytes); at != bytes.npos && is_left(count);
         at = find_text(bytes, separator->bytes, from)) {
      add(run, parts, text, from, at);
      from = at + separator->bytes.size();
    }
    add(run, parts, text, from, bytes.size());
    return parts;
  }
  for (auto at = skip_space(bytes, 0, true); at < bytes.size();) {
    if (!is_left(count)) {
      add(run, parts, text, at, bytes.size());
      break;
    }
    const auto end = skip_space(bytes, at, false);
    add(run, parts, text, at, end);
    at = skip_space(bytes, end, true);
  }
  return parts;
}

List* split_from_right(Run& run, const Str& text, const Str* separator, std::int64_t count) {
  run.count_search(text.bytes.size());
  auto* parts = run.list();
  const auto& bytes = text.bytes;
  if (separator != nullptr) {
    if (separator->bytes.empty()) value_error("empty separator");
    std::size_t end = bytes.size();
    while (is_left(count)) {
      const auto at = find_last_text(bytes.substr(0, end), separator->bytes);
      if (at == bytes.npos) break;
      add(run, parts, text, at + separator->bytes.size(), end);
      end = at;
    }
    add(run, parts, text, 0, end);
  } else {
    for (auto end = skip_space_back(bytes, bytes.size(), true); end > 0;) {
      if (!is_left(count)) {
        add(run, parts, text, 0, end);
        break;
      }
      const auto begin = skip_space_back(bytes, end, false);
      add(run, parts, text, begin, end);
      end = skip_space_back(bytes, begin, true);
    }
  }
  std::ranges::reverse(parts->items);
  return parts;
}

List* split_lines(Run& run, const Str& text, bool keep_ends) {
  run.count_search(text.bytes.size());
  auto* lines = run.list();
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.bytes.size();) {
    const auto length = line_end(text.bytes.substr(at));
    if (length == 0) {
      ++at;
      continue;
    }
    add(run, lines, text, from, keep_ends ? at + length : at);
    from = at += length;
  }
  if (from < text.bytes.size()) add(run, lines, text, from, text.bytes.size());
  return lines;
}

Any joined(Run& run, const Str& separator, const Any& items) {
  TextBuilder out(run);
  std::size_t count = 0;
  for_each(run, items, [&](const Any& item) {
    if (!item.is_string())
      type_error(fmt::format("sequence item {}: expected str instance, {} found", count, type_name(item)));
    if (count++ > 0) out.append(separator);
    if (separator.markup && !item.string().markup)
      append_escaped(out, item.string());
    else
      out.append(item.string());
    return true;
  });
  return out.finish(separator.markup);
}

}  // namespace berth::jinja
