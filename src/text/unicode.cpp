#include "text/unicode.h"

#include <algorithm>
#include <span>

#include "text/lower_case.h"
#include "text/unicode_table.h"
#include "text/utf8.h"

namespace berth {
namespace {

unsigned kinds_of(std::uint32_t code) {
  if (code < 0x80) {
    if (code >= 'a' && code <= 'z') return 1 | 16;
    if (code >= 'A' && code <= 'Z') return 1 | 32;
    if (code >= '0' && code <= '9') return 2 | 4 | 8;
    return code == ' ' || (code >= 9 && code <= 13) || (code >= 0x1C && code <= 0x1F) ? 128 : 0;
  }
  const auto range = std::ranges::lower_bound(character_ranges, code, {}, &CharacterRange::last);
  return range == character_ranges.end() || code < range->first ? 0 : range->kinds;
}

const IdentifierRange* identifier_range(std::uint32_t code) {
  const auto range = std::ranges::lower_bound(identifier_ranges, code, {}, &IdentifierRange::last);
  return range == identifier_ranges.end() || code < range->first ? nullptr : &*range;
}

template <class Table>
const typename Table::value_type* find(const Table& table, std::uint32_t code) {
  const auto entry = std::ranges::lower_bound(table, code, {}, &Table::value_type::code);
  return entry == table.end() || entry->code != code ? nullptr : &*entry;
}

std::uint32_t mapped(std::span<const CaseRange> ranges, std::uint32_t code) {
  const auto range = std::ranges::lower_bound(ranges, code, {}, &CaseRange::last);
  if (range == ranges.end() || code < range->first || (code - range->first) % range->step != 0) return code;
  return code + static_cast<std::uint32_t>(range->difference);
}

void append_upper(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code >= 'a' && code <= 'z' ? code - 0x20 : code);
    return;
  }
  if (const auto* text = find(upper_case_texts, code)) {
    out += text->text;
    return;
  }
  append_utf8(out, mapped(upper_case_ranges, code));
}

void append_title(std::string& out, std::uint32_t code) {
  if (const auto* text = find(title_case_texts, code))
    out += text->text;
  else if (const auto* other = find(title_case_codes, code))
    append_utf8(out, other->other);
  else if (find(upper_case_texts, code) != nullptr)
    append_utf8(out, code);
  else
    append_upper(out, code);
}

template <class F>
void for_each_character(std::string_view text, F visit) {
  while (!text.empty()) {
    const auto character = first_character(text);
    visit(character.state == Utf8Character::whole ? character.code : 0xFFFD);
    text.remove_prefix(character.length);
  }
}

/// The lower case of the whole text, cut up by character, so that a sigma that ends a word keeps its form.
class LowerCase {
 public:
  explicit LowerCase(std::string_view text) : text_(lower_case(text)), rest_(text_) {}

  /// The next character; `code` is what it was before.
  std::string_view next(std::uint32_t code) {
    auto length = first_character(rest_).length;
    if (code == 0x130) length += first_character(rest_.substr(length)).length;  // the only one that becomes two
    const auto character = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return character;
  }

 private:
  std::string text_;
  std::string_view rest_;
};

}  // namespace

bool is_kind(std::uint32_t code, CharacterKind kind) { return (kinds_of(code) & static_cast<unsigned>(kind)) != 0; }
bool is_alphanumeric(std::uint32_t code) { return (kinds_of(code) & (1U | 2U | 4U | 8U)) != 0; }
bool starts_identifier(std::uint32_t code) {
  if (code < 0x80) return code == '_' || is_kind(code, CharacterKind::alpha);
  const auto* range = identifier_range(code);
  return range != nullptr && range->starts;
}
bool continues_identifier(std::uint32_t code) {
  return code < 0x80 ? code == '_' || is_alphanumeric(code) : identifier_range(code) != nullptr;
}
bool is_cased(std::uint32_t code) { return (kinds_of(code) & (16U | 32U | 64U)) != 0; }

void append_utf8(std::string& out, std::uint32_t code) {
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    out += tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | code >> 12U);
    (out += tail(6)) += tail(0);
  } else {
    out += static_cast<char>(0xF0U | code >> 18U);
    ((out += tail(12)) += tail(6)) += tail(0);
  }
}

std::uint32_t lower_code(std::uint32_t code) { return mapped(lower_case_ranges, code); }

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count)
    at += static_cast<signed char>(text[at]) >= 0 ? 1 : first_character(text.substr(at)).length;
  return count;
}

std::size_t byte_of_character(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count)
    at += static_cast<signed char>(text[at]) >= 0 ? 1 : first_character(text.substr(at)).length;
  return at;
}

std::string upper_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](std::uint32_t code) { append_upper(out, code); });
  return out;
}

std::string title_case(std::string_view text) {
  std::string out;
  LowerCase lower(text);
  bool in_word = false;
  for_each_character(text, [&](std::uint32_t code) {
    const auto small = lower.next(code);
    if (in_word)
      out += small;
    else
      append_title(out, code);
    in_word = is_cased(code);
  });
  return out;
}

std::string capitalized(std::string_view text) {
  std::string out;
  LowerCase lower(text);
  bool first = true;
  for_each_character(text, [&](std::uint32_t code) {
    const auto small = lower.next(code);
    if (first)
      append_title(out, code);
    else
      out += small;
    first = false;
  });
  return out;
}

std::string swapped_case(std::string_view text) {
  std::string out;
  LowerCase lower(text);
  for_each_character(text, [&](std::uint32_t code) {
    const auto small = lower.next(code);
    if (is_kind(code, CharacterKind::upper))
      out += small;
    else if (is_kind(code, CharacterKind::lower))
      append_upper(out, code);
    else
      append_utf8(out, code);
  });
  return out;
}

std::string case_folded(std::string_view text) {
  std::string out;
  for_each_character(text, [&](std::uint32_t code) {
    if (const auto* folded = find(folded_texts, code)) {
      out += folded->text;
    } else {
      std::string one;
      append_utf8(one, code);
      out += lower_case(one);
    }
  });
  return out;
}

std::string_view without_space(std::string_view text, bool left, bool right) {
  const auto is_space = [](std::string_view rest) { return is_kind(first_character(rest).code, CharacterKind::space); };
  while (left && !text.empty() && is_space(text)) text.remove_prefix(first_character(text).length);
  while (right && !text.empty()) {
    std::size_t length = 1;
    while (length < text.size() && length < 4 &&
           (static_cast<unsigned char>(text[text.size() - length]) & 0xC0U) == 0x80)
      ++length;
    const auto last = text.substr(text.size() - length);
    if (first_character(last).length != length || !is_space(last)) break;  // what is not UTF-8 stays
    text.remove_suffix(length);
  }
  return text;
}

}  // namespace berth
