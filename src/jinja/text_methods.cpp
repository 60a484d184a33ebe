/// The methods of str.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "jinja/attributes.h"
#include "jinja/format_spec.h"
#include "jinja/function.h"
#include "jinja/operators.h"
#include "jinja/str_format.h"
#include "jinja/text_search.h"
#include "text/find_text.h"
#include "text/lower_case.h"
#include "text/python_printable.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

const Str& self(const Bound& bound) { return bound.self.string(); }

/// An argument that is to be a text; of a method of Markup, escaped.
const Str& argument(Run& run, const Bound& bound, std::size_t position, std::string_view function) {
  const auto& text = text_argument(bound[position], function);
  return self(bound).markup && !text.markup ? escaped_text(run, bound[position]).string() : text;
}

std::int64_t count_argument(const Bound& bound, std::size_t position, std::int64_t otherwise) {
  return bound.has(position) ? index_of(bound[position]) : otherwise;
}

template <std::string (*map)(std::string_view)>
Any mapped(Run& run, Bound& bound) {
  run.count_text(self(bound).bytes.size());
  return changed(run, self(bound), map);
}

template <std::string (*map)(std::string_view)>
Any mapped_by_words(Run& run, Bound& bound) {
  return changed_by_words(run, self(bound), map);
}

/// The part of the text that a search looks at: arguments number `position` (start) and the next (end), as of a slice.
struct Window {
  std::size_t begin_character = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool valid = true;

  Window(Run& run, const Bound& bound, std::size_t position) : end(self(bound).bytes.size()) {
    if (!bound.has(position) && !bound.has(position + 1)) return;
    const auto& text = self(bound);
    const auto size = static_cast<std::int64_t>(text.characters(run));
    const auto index = [&](std::size_t at, std::int64_t otherwise) {
      const auto* given = bound.optional(at);
      if (given == nullptr) return otherwise;
      if (given->is(Type::big)) return given->big().negative() ? std::int64_t{0} : size + 1;
      const auto small = small_integer(*given);
      if (!small) type_error("slice indices must be integers or None or have an __index__ method");
      return *small < 0 ? std::max<std::int64_t>(*small < -size ? 0 : *small + size, 0) : std::min(*small, size + 1);
    };
    const auto first = index(position, 0);
    const auto last = std::min(index(position + 1, size), size);
    valid = first <= last;
    if (!valid) return;
    begin_character = static_cast<std::size_t>(first);
    const auto range = bytes_of(run, text, begin_character, static_cast<std::size_t>(last));
    begin = range.begin;
    end = range.end;
  }

  std::string_view of(const Str& text) const { return text.bytes.substr(begin, end - begin); }
};

Any find(Run& run, Bound& bound, bool from_right, bool must_be) {
  const auto& what = argument(run, bound, 0, "find").bytes;
  const Window window(run, bound, 1);
  run.count_search(self(bound).bytes.size());
  const auto searched = window.of(self(bound));
  const auto at = !window.valid ? searched.npos
                  : from_right  ? find_last_text(searched, what)
                                : find_text(searched, what);
  if (at == searched.npos) {
    if (must_be) value_error("substring not found");
    return -1;
  }
  return window.begin_character + count_characters(searched.substr(0, at));
}

Any find_left(Run& run, Bound& bound) { return find(run, bound, false, false); }
Any find_right(Run& run, Bound& bound) { return find(run, bound, true, false); }
Any index_left(Run& run, Bound& bound) { return find(run, bound, false, true); }
Any index_right(Run& run, Bound& bound) { return find(run, bound, true, true); }

Any count(Run& run, Bound& bound) {
  const auto& what = argument(run, bound, 0, "count").bytes;
  const Window window(run, bound, 1);
  run.count_search(self(bound).bytes.size());
  const auto searched = window.of(self(bound));
  if (!window.valid) return 0;
  if (what.empty()) return count_characters(searched) + 1;
  std::int64_t found = 0;
  for (auto at = find_text(searched, what); at != searched.npos; at = find_text(searched, what, at + what.size()))
    ++found;
  return found;
}

Any affix(Run& run, Bound& bound, bool at_end) {
  const Window window(run, bound, 1);
  const auto searched = window.of(self(bound));
  const auto matches = [&](const Any& affix) {
    const auto& text = text_argument(affix, at_end ? "endswith" : "startswith").bytes;
    run.count_search(text.size() / 16);
    return window.valid && (at_end ? searched.ends_with(text) : searched.starts_with(text));
  };
  if (!bound[0].is(Type::tuple)) return matches(bound[0]);
  run.count_steps(bound[0].items().items.size());
  return std::ranges::any_of(bound[0].items().items, matches);
}

Any starts_with(Run& run, Bound& bound) { return affix(run, bound, false); }
Any ends_with(Run& run, Bound& bound) { return affix(run, bound, true); }

Any remove_prefix(Run& run, Bound& bound) {
  const auto& prefix = argument(run, bound, 0, "removeprefix").bytes;
  run.count_search(prefix.size() / 16);
  const auto& text = self(bound);
  return part(run, text, text.bytes.starts_with(prefix) ? prefix.size() : 0, text.bytes.size());
}

Any remove_suffix(Run& run, Bound& bound) {
  const auto& suffix = argument(run, bound, 0, "removesuffix").bytes;
  run.count_search(suffix.size() / 16);
  const auto& text = self(bound);
  return part(run, text, 0, text.bytes.size() - (text.bytes.ends_with(suffix) ? suffix.size() : 0));
}

Any strip(Run& run, Bound& bound) { return stripped(run, self(bound), bound.optional(0)); }
Any strip_left(Run& run, Bound& bound) { return stripped(run, self(bound), bound.optional(0), true, false); }
Any strip_right(Run& run, Bound& bound) { return stripped(run, self(bound), bound.optional(0), false, true); }

const Str* separator(Run& run, const Bound& bound) {
  return bound.optional(0) == nullptr ? nullptr : &argument(run, bound, 0, "split");
}
Any split_left(Run& run, Bound& bound) {
  return Any::list(split(run, self(bound), separator(run, bound), count_argument(bound, 1, -1)));
}
Any split_right(Run& run, Bound& bound) {
  return Any::list(split_from_right(run, self(bound), separator(run, bound), count_argument(bound, 1, -1)));
}
Any splitlines(Run& run, Bound& bound) { return Any::list(split_lines(run, self(bound), bound.whole_flag(0))); }

Any partition(Run& run, Bound& bound, bool from_right) {
  const auto& text = self(bound);
  const auto& what = argument(run, bound, 0, "partition");
  if (what.bytes.empty()) value_error("empty separator");
  run.count_search(text.bytes.size());
  const auto at = from_right ? find_last_text(text.bytes, what.bytes) : find_text(text.bytes, what.bytes);
  const auto nothing = run.text("", text.markup);
  if (at == text.bytes.npos)
    return from_right ? run.tuple(nothing, nothing, bound.self) : run.tuple(bound.self, nothing, nothing);
  return run.tuple(part(run, text, 0, at), part(run, text, at, at + what.bytes.size()),
                   part(run, text, at + what.bytes.size(), text.bytes.size()));
}
Any partition_left(Run& run, Bound& bound) { return partition(run, bound, false); }
Any partition_right(Run& run, Bound& bound) { return partition(run, bound, true); }

Any replace(Run& run, Bound& bound) {
  const auto& old = argument(run, bound, 0, "replace");
  return replaced(run, self(bound), old, argument(run, bound, 1, "replace"), count_argument(bound, 2, -1));
}

Any join(Run& run, Bound& bound) { return joined(run, self(bound), bound[0]); }

Any aligned(Run& run, Bound& bound, char align) {
  FormatSpec spec;
  const auto width = index_of(bound[0]);
  spec.width = width < 0 ? 0 : static_cast<std::size_t>(width);
  spec.align = align;
  const auto size = self(bound).characters(run);
  if (bound.has(1)) {
    const auto& fill = text_argument(bound[1], "center");
    if (fill.characters(run) != 1) type_error("The fill character must be exactly one character long");
    spec.fill = fill.bytes;
  }
  TextBuilder out(run);
  if (align != '^' || spec.width <= size) {
    write_aligned(out, self(bound), spec, align);
  } else {
    // Where the blanks are odd, str.center() has one more on the left only if the width is odd, too.
    run.count_text(spec.fill.size(), spec.width);
    const auto blanks = spec.width - size;
    const auto left = blanks / 2 + (blanks & spec.width & 1U);
    out.append_repeated(spec.fill, left);
    out.append(self(bound));
    out.append_repeated(spec.fill, blanks - left);
  }
  return out.finish(self(bound).markup);
}
Any align_left(Run& run, Bound& bound) { return aligned(run, bound, '<'); }
Any align_right(Run& run, Bound& bound) { return aligned(run, bound, '>'); }
Any center(Run& run, Bound& bound) { return aligned(run, bound, '^'); }

Any zfill(Run& run, Bound& bound) {
  const auto& text = self(bound);
  const auto width = index_of(bound[0]);
  const auto size = static_cast<std::int64_t>(text.characters(run));
  TextBuilder out(run);
  const std::size_t sign = text.bytes.starts_with('+') || text.bytes.starts_with('-') ? 1 : 0;
  out.append(text, 0, sign);
  if (width > size) out.append_repeated("0", static_cast<std::size_t>(width - size));
  out.append(text, sign, text.bytes.size());
  return out.finish(text.markup);
}

Any expand_tabs(Run& run, Bound& bound) {
  const auto size = count_argument(bound, 0, 8);
  const auto& text = self(bound);
  TextBuilder out(run);
  std::int64_t column = 0;
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.bytes.size();) {
    const char c = text.bytes[at];
    const auto length = first_character(text.bytes.substr(at)).length;
    if (c == '\t') {
      out.append(text, from, at);
      if (size > 0) {
        const auto blanks = size - column % size;
        out.append_repeated(" ", static_cast<std::size_t>(blanks));
        column += blanks;
      }
      from = at + 1;
    } else {
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
    at += length;
  }
  out.append(text, from, text.bytes.size());
  return out.finish(text.markup);
}

/// Whether the text is not empty and all characters are so.
template <class Predicate>
Any all_characters(Run& run, const Bound& bound, Predicate predicate, bool of_nothing = false) {
  auto rest = self(bound).bytes;
  run.count_search(rest.size());
  if (rest.empty()) return of_nothing;
  while (!rest.empty()) {
    const auto character = first_character(rest);
    if (!predicate(character.code)) return false;
    rest.remove_prefix(character.length);
  }
  return true;
}
template <CharacterKind kind>
Any is_all(Run& run, Bound& bound) {
  return all_characters(run, bound, [](std::uint32_t code) { return is_kind(code, kind); });
}
Any is_alnum(Run& run, Bound& bound) { return all_characters(run, bound, is_alphanumeric); }
Any is_ascii(Run& run, Bound& bound) {
  return all_characters(
      run, bound, [](std::uint32_t code) { return code < 0x80; }, true);
}
Any is_printable(Run& run, Bound& bound) {
  return all_characters(
      run, bound,
      [](std::uint32_t code) {
        std::string one;
        append_utf8(one, code);
        return python_printable(one);
      },
      true);
}
Any is_identifier(Run& run, Bound& bound) {
  bool first = true;
  return all_characters(run, bound, [&](std::uint32_t code) {
    return std::exchange(first, false) ? starts_identifier(code) : continues_identifier(code);
  });
}

/// Whether there are cased characters, and all of them are of `kind`.
bool all_cased(Run& run, const Str& text, CharacterKind kind) {
  run.count_search(text.bytes.size());
  bool any = false;
  for (auto rest = text.bytes; !rest.empty();) {
    const auto character = first_character(rest);
    if (is_kind(character.code, kind))
      any = true;
    else if (is_cased(character.code))
      return false;
    rest.remove_prefix(character.length);
  }
  return any;
}
Any is_lower(Run& run, Bound& bound) { return all_cased(run, self(bound), CharacterKind::lower); }
Any is_upper(Run& run, Bound& bound) { return all_cased(run, self(bound), CharacterKind::upper); }
Any is_title(Run& run, Bound& bound) {
  bool any = false;
  bool in_word = false;
  const auto right = all_characters(run, bound, [&](std::uint32_t code) {
    const bool was_in_word = std::exchange(in_word, is_cased(code));
    any = any || in_word;
    if (is_kind(code, CharacterKind::lower)) return was_in_word;
    return !in_word || !was_in_word;
  });
  return right.boolean() && any;
}

bool is_subscriptable(const Any& value) {
  if (value.is(Type::object)) return value.object().has_items();
  return value.is_string() || value.is_sequence() || value.is(Type::dict);
}

Any translate(Run& run, Bound& bound) {
  TextBuilder out(run);
  const auto& text = self(bound);
  for (std::size_t at = 0; at < text.bytes.size();) {
    run.count_steps(1);
    const auto character = first_character(text.bytes.substr(at));
    Any to;
    if (!find_item(run, bound[0], static_cast<std::int64_t>(character.code), to)) {
      if (!is_subscriptable(bound[0])) type_error(fmt::format("'{}' object is not subscriptable", type_name(bound[0])));
      out.append(text, at, at + character.length);
    } else if (to.is_string()) {
      out.append(to.string());
    } else if (to.is_whole()) {
      const auto code = small_integer(to);
      if (!code || *code < 0 || *code > 0x10FFFF) value_error("character mapping must be in range(0x110000)");
      std::string one;
      append_utf8(one, static_cast<std::uint32_t>(*code));
      out.append(one);
    } else if (!to.is_none()) {
      type_error("character mapping must return integer, None or str");
    }
    at += character.length;
  }
  return out.finish(text.markup);
}

Any make_translation(Run& run, Bound& bound) {
  auto* table = run.dict();
  const auto code_of = [&](const Any& text) -> std::int64_t {
    if (!text.is_string() || text.string().characters(run) != 1)
      value_error("string keys in translate table must be of length 1");
    return first_character(text.string().bytes).code;
  };
  if (!bound.has(1)) {
    if (!bound[0].is(Type::dict)) type_error("if you give only one argument to maketrans it must be a dict");
    for (const auto& entry : bound[0].dict().entries())
      table->set(run, entry.key.is_string() ? Any(code_of(entry.key)) : entry.key, entry.value);
    return table;
  }
  const auto from = Any::list(list_of(run, &text_argument(bound[0], "maketrans")));
  const auto to = Any::list(list_of(run, &text_argument(bound[1], "maketrans")));
  if (from.items().items.size() != to.items().items.size())
    value_error("the first two maketrans arguments must have equal length");
  for (std::size_t i = 0; i < from.items().items.size(); ++i)
    table->set(run, code_of(from.items().items[i]), code_of(to.items().items[i]));
  if (bound.has(2))
    for_each(run, &text_argument(bound[2], "maketrans"), [&](const Any& character) {
      table->set(run, code_of(character), Any());
      return true;
    });
  return table;
}

Any encode(Run&, Bound&) { other_error("encode() is not here: templates have no bytes"); }

Any format(Run& run, Bound& bound) { return str_format(run, self(bound), *bound.rest, nullptr); }
Any format_map(Run& run, Bound& bound) {
  Arguments none;
  return str_format(run, self(bound), none, &bound[0]);
}

constexpr std::array functions = {
    Function("capitalize", "", mapped_by_words<capitalized>),
    Function("casefold", "", mapped<case_folded>),
    Function("center", "width fill= /", center),
    Function("count", "sub start= end= /", count),
    Function("encode", "encoding= errors=", encode),
    Function("endswith", "suffix start= end= /", ends_with),
    Function("expandtabs", "tabsize=", expand_tabs),
    Function("find", "sub start= end= /", find_left),
    Function("format", "*", format),
    Function("format_map", "mapping /", format_map),
    Function("index", "sub start= end= /", index_left),
    Function("isalnum", "", is_alnum),
    Function("isalpha", "", is_all<CharacterKind::alpha>),
    Function("isascii", "", is_ascii),
    Function("isdecimal", "", is_all<CharacterKind::decimal>),
    Function("isdigit", "", is_all<CharacterKind::digit>),
    Function("isidentifier", "", is_identifier),
    Function("islower", "", is_lower),
    Function("isnumeric", "", is_all<CharacterKind::numeric>),
    Function("isprintable", "", is_printable),
    Function("isspace", "", is_all<CharacterKind::space>),
    Function("istitle", "", is_title),
    Function("isupper", "", is_upper),
    Function("join", "iterable /", join),
    Function("ljust", "width fill= /", align_left),
    Function("lower", "", mapped<lower_case>),
    Function("lstrip", "chars= /", strip_left),
    Function("maketrans", "x y= z= /", make_translation),
    Function("partition", "sep /", partition_left),
    Function("removeprefix", "prefix /", remove_prefix),
    Function("removesuffix", "suffix /", remove_suffix),
    Function("replace", "old new count= /", replace),
    Function("rfind", "sub start= end= /", find_right),
    Function("rindex", "sub start= end= /", index_right),
    Function("rjust", "width fill= /", align_right),
    Function("rpartition", "sep /", partition_right),
    Function("rsplit", "sep= maxsplit=", split_right),
    Function("rstrip", "chars= /", strip_right),
    Function("split", "sep= maxsplit=", split_left),
    Function("splitlines", "keepends=", splitlines),
    Function("startswith", "prefix start= end= /", starts_with),
    Function("strip", "chars= /", strip),
    Function("swapcase", "", mapped<swapped_case>),
    Function("title", "", mapped_by_words<title_case>),
    Function("translate", "table /", translate),
    Function("upper", "", mapped<upper_case>),
    Function("zfill", "width /", zfill),
};

}  // namespace

const std::span<const Function> text_methods = functions;

}  // namespace berth::jinja
