/// Filters of HTML.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "jinja/function.h"
#include "jinja/html_text.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

Any escape(Run& run, Bound& bound) { return escaped_text(run, bound.self); }
Any force_escape(Run& run, Bound& bound) { return escaped_text(run, str_of(run, bound.self)); }

Any safe(Run& run, Bound& bound) {
  auto text = str_of(run, bound.self).string();
  text.markup = true;
  return run.heap.make<Str>(text);
}

/// `made` of `source`: not to be trusted where a part of that is not.
Any made_of(Run& run, const Str& source, std::string_view made) {
  TextBuilder out(run);
  if (source.untrusted.empty())
    out.append(made);
  else
    out.append_untrusted(made);
  return out.finish();
}

Any strip_tags(Run& run, Bound& bound) {
  const auto text = str_of(run, bound.self);
  run.count_text(text.string().bytes.size());
  return made_of(run, text.string(), without_tags(text.string().bytes));
}

Any unescape(Run& run, Bound& bound) {
  const auto text = str_of(run, bound.self);
  run.count_text(text.string().bytes.size());
  return made_of(run, text.string(), without_entities(text.string().bytes));
}

Any escape_argument(Run& run, Bound& bound) { return escaped_text(run, bound[0]); }

Any urlize(Run& run, Bound& bound) {
  const auto escaped = escaped_text(run, bound.self);
  LinkOptions options;
  if (bound.optional(0) != nullptr) options.text_limit = index_of(bound[0]);
  std::set<std::string> relations;
  const auto add_words = [&](std::string_view words) {
    std::string word;
    for (const char c : std::string(words) + " ")
      if (c != ' ')
        word += c;
      else if (!word.empty())
        relations.insert(std::exchange(word, ""));
  };
  if (bound.optional(3) != nullptr) add_words(text_argument(bound[3], "urlize").bytes);
  if (bound.flag(run, 1)) relations.insert("nofollow");
  relations.insert("noopener");
  for (const auto& relation : relations) options.relation += (options.relation.empty() ? "" : " ") + relation;
  options.relation = escaped_text(run, run.text(options.relation)).string().bytes;
  if (bound.optional(2) != nullptr) options.target = escaped_text(run, bound[2]).string().bytes;
  if (bound.optional(4) != nullptr)
    for_each(run, bound[4], [&](const Any& scheme) {
      const auto& name = text_argument(scheme, "urlize").bytes;
      if (!is_scheme(name)) other_error(fmt::format("'{}' is not a valid URI scheme prefix.", name));
      options.schemes.emplace_back(name);
      return true;
    });
  run.count_steps(escaped.string().bytes.size() / 16);
  run.count_text(escaped.string().bytes.size(), 3);
  return made_of(run, escaped.string(), with_links(escaped.string().bytes, options));
}

Any attributes(Run& run, Bound& bound) {
  if (bound.self.is_undefined()) bound.self.undefined().fail();
  if (!bound.self.is(Type::dict))
    other_error(fmt::format("'{}' object has no attribute 'items'", type_name(bound.self)));
  TextBuilder out(run);
  const bool starts_with_blank = bound.flag(run, 0, true);
  for (const auto& entry : bound.self.dict().entries()) {
    if (entry.value.is_none() || entry.value.is_undefined()) continue;
    if (!entry.key.is_string())
      type_error(fmt::format("expected string or bytes-like object, got '{}'", type_name(entry.key)));
    if (entry.key.string().bytes.find_first_of(" \t\n\r\f\v/>=") != std::string_view::npos)
      value_error("Invalid character in attribute name");
    if (starts_with_blank || !out.bytes().empty()) out.append(' ');
    out.append(escaped_text(run, entry.key).string());
    out.append("=\"");
    out.append(escaped_text(run, entry.value).string());
    out.append('"');
  }
  return out.finish(run.autoescape);
}

constexpr std::array functions = {
    Function("e", "", escape),
    Function("escape", "", escape),
    Function("forceescape", "", force_escape),
    Function("safe", "", safe),
    Function("striptags", "", strip_tags),
    Function("urlize", "trim_url_limit= nofollow= target= rel= extra_schemes=", urlize),
    Function("xmlattr", "autospace=", attributes),
};

constexpr std::array methods = {
    Function("escape", "s", escape_argument),
    Function("striptags", "", strip_tags),
    Function("unescape", "", unescape),
};

}  // namespace

const std::span<const Function> markup_methods = methods;
const std::span<const Function> markup_filters = functions;

}  // namespace berth::jinja
