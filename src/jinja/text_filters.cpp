/// Filters of texts.
#include <fmt/format.h>

#include <array>

#include "jinja/attributes.h"
#include "jinja/function.h"
#include "jinja/operators.h"
#include "jinja/percent_format.h"
#include "jinja/text_search.h"
#include "jinja/word_wrap.h"
#include "text/lower_case.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace berth::jinja {
namespace {

/// The value as a text; one of Markup stays so.
const Str& soft_text(Run& run, const Bound& bound) { return str_of(run, bound.self, true).string(); }

template <std::string (*map)(std::string_view)>
Any mapped(Run& run, Bound& bound) {
  const auto& text = soft_text(run, bound);
  run.count_text(text.bytes.size());
  return changed(run, text, map);
}

template <std::string (*map)(std::string_view)>
Any mapped_by_words(Run& run, Bound& bound) {
  return changed_by_words(run, soft_text(run, bound), map);
}

/// The method of str of that name, of what the filter is applied to.
Any text_method(Run& run, const Bound& bound, std::string_view name, std::vector<Any> arguments) {
  Arguments given{std::move(arguments), {}};
  return call_value(run, get_attribute(run, str_of(run, bound.self, true), name), given);
}

Any center(Run& run, Bound& bound) { return text_method(run, bound, "center", {bound.has(0) ? bound[0] : Any(80)}); }

Any trim(Run& run, Bound& bound) { return stripped(run, soft_text(run, bound), bound.optional(0)); }

Any string(Run& run, Bound& bound) { return str_of(run, bound.self, true); }

Any replace(Run& run, Bound& bound) {
  const auto count = bound.optional(2) == nullptr ? -1 : index_of(bound[2]);
  if (!run.autoescape)
    return replaced(run, str_of(run, bound.self).string(), str_of(run, bound[0]).string(),
                    str_of(run, bound[1]).string(), count);
  const auto is_markup = [](const Any& value) { return value.is_string() && value.string().markup; };
  const bool escapes = is_markup(bound[0]) || (is_markup(bound[1]) && !is_markup(bound.self));
  const auto text = escapes ? escaped_text(run, bound.self) : str_of(run, bound.self, true);
  const auto other = [&](const Any& value) {
    return text.string().markup ? escaped_text(run, value) : str_of(run, value, true);
  };
  return replaced(run, text.string(), other(bound[0]).string(), other(bound[1]).string(), count);
}

/// The first letter of each word, and no other one, in upper case; a word starts after one of "-({[<" or white space.
std::string titled(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = 0;
    const auto is_separator = [&](std::size_t at) {
      const auto code = first_character(text.substr(at)).code;
      return (code < 0x80 && std::string_view("-({[<").find(static_cast<char>(code)) != std::string_view::npos) ||
             is_kind(code, CharacterKind::space);
    };
    const bool separator = is_separator(0);
    while (end < text.size() && is_separator(end) == separator) end += first_character(text.substr(end)).length;
    const auto first = first_character(text).length;
    out += upper_case(text.substr(0, first));
    out += lower_case(text.substr(first, end - first));
    text.remove_prefix(end);
  }
  return out;
}

Any title(Run& run, Bound& bound) {
  auto text = soft_text(run, bound);
  text.markup = false;
  return changed_by_words(run, text, titled);
}

Any format(Run& run, Bound& bound) {
  const auto& [arguments, named] = *bound.rest;
  if (!arguments.empty() && !named.empty())
    other_error("can't handle positional and keyword arguments at the same time");
  Any values;
  if (named.empty()) {
    auto* list = run.list();
    list->items.assign(arguments.begin(), arguments.end());
    values = Any::tuple(list);
  } else {
    auto* dict = run.dict();
    for (const auto& [name, value] : named) dict->set(run, run.view(name), value);
    values = dict;
  }
  return percent_format(run, str_of(run, bound.self, true), values);
}

Any indent(Run& run, Bound& bound) {
  if (bound.self.is_undefined()) bound.self.undefined().fail();
  if (!bound.self.is_string()) {
    if (bound.self.is(Type::list)) other_error("'list' object has no attribute 'splitlines'");
    (void)arithmetic(run, Op::add, bound.self, run.view("\n"));
  }
  const auto& text = bound.self.string();
  Any indention = run.view("    ");
  if (bound.has(0))
    indention = bound[0].is_string() ? bound[0] : arithmetic(run, Op::multiply, run.view(" "), bound[0]);
  if (text.markup) indention = escaped_text(run, indention);
  const bool blank = bound.flag(run, 2);
  const auto* lines = split_lines(run, text, false);
  TextBuilder out(run);
  if (bound.flag(run, 1)) out.append(indention.string());
  // A line end is added before the lines are counted: a text that ends with one keeps an empty last line.
  const bool ends_with_line = text.bytes.empty() || split_lines(run, text, true)->items.back().string().bytes.size() !=
                                                        lines->items.back().string().bytes.size();
  for (std::size_t i = 0; i < lines->items.size(); ++i) {
    const auto& line = lines->items[i].string();
    if (i > 0) out.append('\n');
    if (i > 0 && (blank || !line.bytes.empty())) out.append(indention.string());
    out.append(line);
  }
  if (ends_with_line && !text.bytes.empty()) {
    out.append('\n');
    if (blank) out.append(indention.string());
  }
  return out.finish(text.markup);
}

Any truncate(Run& run, Bound& bound) {
  const Any length_limit = bound.has(0) ? bound[0] : Any(255);
  const Any end = bound.has(2) ? bound[2] : run.view("...");
  const Any leeway = bound.optional(3) == nullptr ? Any(5) : bound[3];
  const auto end_length = static_cast<std::int64_t>(length(run, end));
  if (compare(run, Op::less, length_limit, end_length)) other_error(fmt::format("expected length >= {}", end_length));
  if (compare(run, Op::less, leeway, 0)) other_error("expected leeway >= 0");
  const auto size = static_cast<std::int64_t>(length(run, bound.self));
  if (compare(run, Op::less_equal, size, arithmetic(run, Op::add, length_limit, leeway))) return bound.self;
  const auto kept = arithmetic(run, Op::subtract, length_limit, end_length);
  const auto cut = get_slice(run, bound.self, Any(), kept, Any());
  if (bound.flag(run, 1)) return arithmetic(run, Op::add, cut, end);
  if (!cut.is_string()) other_error(fmt::format("'{}' object has no attribute 'rsplit'", type_name(cut)));
  const Str blank{" "};
  return arithmetic(run, Op::add, split_from_right(run, cut.string(), &blank, 1)->items.front(), end);
}

Any word_count(Run& run, Bound& bound) {
  std::int64_t words = 0;
  bool in_word = false;
  const auto& text = soft_text(run, bound);
  run.count_search(text.bytes.size());
  for (auto rest = text.bytes; !rest.empty();) {
    const auto character = first_character(rest);
    const bool is_word = character.code == '_' || is_alphanumeric(character.code);
    words += is_word && !in_word ? 1 : 0;
    in_word = is_word;
    rest.remove_prefix(character.length);
  }
  return words;
}

Any wrap(Run& run, Bound& bound) {
  if (bound.self.is_undefined()) bound.self.undefined().fail();
  if (!bound.self.is_string())
    other_error(fmt::format("'{}' object has no attribute 'splitlines'", type_name(bound.self)));
  WordWrap options;
  if (bound.has(0)) options.width = index_of(bound[0]);
  options.break_long_words = bound.flag(run, 1, true);
  options.break_on_hyphens = bound.flag(run, 3, true);
  const auto line_end = bound.optional(2) == nullptr ? run.view("\n") : bound[2];
  return word_wrapped(run, bound.self.string(), options, text_argument(line_end, "wordwrap"));
}

std::string quoted(std::string_view text, bool for_query) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (byte | 0x20U) >= 'a' && (byte | 0x20U) <= 'z';
    if (letter || (c >= '0' && c <= '9') || std::string_view("_.-~").find(c) != std::string_view::npos ||
        (c == '/' && !for_query))
      out += c;
    else if (c == ' ' && for_query)
      out += '+';
    else
      out += fmt::format("%{:02X}", byte);
  }
  return out;
}

Any url_encode(Run& run, Bound& bound) {
  const auto append = [&](TextBuilder& out, const Any& value, bool for_query) {
    const auto text = str_of(run, value);
    const auto made = changed(run, text.string(), [&](std::string_view bytes) { return quoted(bytes, for_query); });
    out.append(made.string());
  };
  TextBuilder out(run);
  if (bound.self.is_string() || !is_iterable(run, bound.self)) {
    append(out, bound.self, false);
    return out.finish();
  }
  const auto add_pair = [&](const Any& key, const Any& value) {
    if (!out.bytes().empty()) out.append('&');
    append(out, key, true);
    out.append('=');
    append(out, value, true);
  };
  if (bound.self.is(Type::dict)) {
    for (const auto& entry : bound.self.dict().entries()) add_pair(entry.key, entry.value);
  } else {
    for_each(run, bound.self, [&](const Any& pair) {
      const auto* items = list_of(run, pair);
      if (items->items.size() != 2)
        value_error(items->items.size() > 2 ? "too many values to unpack (expected 2)"
                                            : "not enough values to unpack (expected 2)");
      add_pair(items->items[0], items->items[1]);
      return true;
    });
  }
  return out.finish();
}

constexpr std::array functions = {
    Function("capitalize", "", mapped_by_words<capitalized>),
    Function("center", "width=", center),
    Function("format", "*", format),
    Function("indent", "width= first= blank=", indent),
    Function("lower", "", mapped<lower_case>),
    Function("replace", "old new count=", replace),
    Function("string", "", string),
    Function("title", "", title),
    Function("trim", "chars=", trim),
    Function("truncate", "length= killwords= end= leeway=", truncate),
    Function("upper", "", mapped<upper_case>),
    Function("urlencode", "", url_encode),
    Function("wordcount", "", word_count),
    Function("wordwrap", "width= break_long_words= wrapstring= break_on_hyphens=", wrap),
};

}  // namespace

const std::span<const Function> text_filters = functions;

}  // namespace berth::jinja
