#include "jinja/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <stdexcept>

#include "jinja/limits.h"
#include "jinja/values.h"
#include "text/regex.h"
#include "text/utf8.h"

namespace berth {
namespace {

using ::jinja::func_args;
using ::jinja::is_val;
using ::jinja::mk_val;
using Any = ::jinja::value;

bool is_string(const Any& value) { return is_val<::jinja::value_string>(value); }

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const auto length = first_character(text).length;
    all.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return all;
}

/// What a loop over `value` gives.
std::vector<Any> items(const Any& value) {
  std::vector<Any> all;
  if (value->is_undefined()) return all;
  JinjaLimits::current().count_steps(value->val_str.length() + value->val_arr.size() + value->val_obj.size());
  if (is_val<::jinja::value_array>(value)) return value->as_array();
  if (is_string(value)) {
    for (auto& each : characters(value->as_string().str())) all.push_back(mk_val<::jinja::value_string>(each));
  } else if (is_val<::jinja::value_object>(value)) {
    for (const auto& [key, entry] : value->as_ordered_object()) all.push_back(key);
  } else {
    throw std::runtime_error(fmt::format("{} is not iterable", value->type()));
  }
  return all;
}

/// `value.a.b`, where `path` is "a.b"; a number is a place in a list.
Any attribute(Any value, const Any& path) {
  if (path->is_undefined() || path->is_none()) return value;
  if (!is_string(path)) return value->at(path->as_int());
  const auto text = path->as_string().str();
  const Any undefined = mk_val<::jinja::value_undefined>(text);
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find('.', start), text.size());
    auto missing = undefined;
    if (!is_val<::jinja::value_object>(value)) return undefined;
    value = Any(value->at(text.substr(start, end - start), missing));
    start = end + 1;
  }
  return value;
}

Any length(const func_args& args) {
  const auto value = args.get_pos(0);
  if (!is_string(value)) return mk_val<::jinja::value_int>(static_cast<std::int64_t>(items(value).size()));
  JinjaLimits::current().count_value(value);
  return mk_val<::jinja::value_int>(static_cast<std::int64_t>(characters(value->as_string().str()).size()));
}

Any list(const func_args& args) { return mk_val<::jinja::value_array>(items(args.get_pos(0))); }

Any join(const func_args& args) {
  const auto separator = args.get_kwarg_or_pos("d", 1);
  const auto path = args.get_kwarg_or_pos("attribute", 2);
  std::string joined;
  bool first = true;
  for (const auto& each : items(args.get_pos(0))) {
    const auto before = joined.size();
    if (!first) joined += jinja_str(separator);
    joined += jinja_str(attribute(each, path));
    first = false;
    JinjaLimits::current().count_text(joined.size() - before);
  }
  return mk_val<::jinja::value_string>(joined);
}

std::int64_t int_argument(const func_args& args, const char* name, std::size_t place, std::int64_t otherwise) {
  const auto given = args.get_kwarg_or_pos(name, place);
  return given->is_undefined() ? otherwise : given->as_int();
}

Any round(const func_args& args) {
  const auto number = args.get_pos(0);
  const auto precision = static_cast<int>(std::clamp<std::int64_t>(int_argument(args, "precision", 1, 0), 0, 300));
  const auto method = args.get_kwarg_or_pos("method", 2);
  const std::string name = method->is_undefined() ? "common" : jinja_str(method);
  if (name == "common") {
    if (is_val<::jinja::value_int>(number)) return number;
    const auto text = fmt::format("{:.{}f}", number->as_float(), precision);  // half to even, as Python's round()
    return mk_val<::jinja::value_float>(std::strtod(text.c_str(), nullptr));
  }
  if (name != "ceil" && name != "floor") throw std::runtime_error("method must be common, ceil or floor");
  const double scale = std::pow(10.0, precision);
  const double scaled = number->as_float() * scale;
  return mk_val<::jinja::value_float>((name == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

Any sum(const func_args& args) {
  const auto path = args.get_kwarg_or_pos("attribute", 1);
  const auto start = args.get_kwarg_or_pos("start", 2);
  std::vector<Any> all = {start->is_undefined() ? Any(mk_val<::jinja::value_int>(0)) : start};
  for (const auto& each : items(args.get_pos(0))) all.push_back(attribute(each, path));
  double total = 0;
  std::int64_t whole = 0;
  bool is_whole = true;
  for (const auto& each : all) {
    is_whole = is_whole && is_val<::jinja::value_int>(each);
    total += each->as_float();
    if (is_whole && __builtin_add_overflow(whole, each->as_int(), &whole)) is_whole = false;
  }
  if (is_whole) return mk_val<::jinja::value_int>(whole);
  return mk_val<::jinja::value_float>(total);
}

Any unique(const func_args& args) {
  const auto case_sensitive = args.get_kwarg_or_pos("case_sensitive", 1);
  const auto path = args.get_kwarg_or_pos("attribute", 2);
  auto kept = mk_val<::jinja::value_array>();
  std::vector<Any> keys;
  for (const auto& each : items(args.get_pos(0))) {
    auto key = attribute(each, path);
    if (is_string(key) && (case_sensitive->is_undefined() || !case_sensitive->as_bool()))
      key = mk_val<::jinja::value_string>(key->as_string().lowercase());
    JinjaLimits::current().count_steps(1 + keys.size(), 1 + JinjaLimits::current().count_value(key) / 1024);
    if (std::ranges::any_of(keys, [&](const Any& other) { return *other == *key; })) continue;
    keys.push_back(key);
    kept->push_back(each);
  }
  return kept;
}

Any truncate(const func_args& args) {
  const auto text = characters(jinja_str(args.get_pos(0)));
  const auto killwords = args.get_kwarg_or_pos("killwords", 2);
  const auto end = args.get_kwarg_or_pos("end", 3);
  const std::string end_text = end->is_undefined() ? "..." : jinja_str(end);
  const auto end_length = static_cast<std::int64_t>(characters(end_text).size());
  const auto length = int_argument(args, "length", 1, 255);
  const auto leeway = int_argument(args, "leeway", 4, 5);
  if (length < end_length) throw std::runtime_error(fmt::format("expected length >= {}, got {}", end_length, length));
  if (leeway < 0) throw std::runtime_error(fmt::format("expected leeway >= 0, got {}", leeway));
  const auto count = static_cast<std::int64_t>(text.size());
  if (count <= length || count - length <= leeway) return args.get_pos(0);
  std::string kept;
  for (std::int64_t i = 0; i < length - end_length; ++i) kept += text[static_cast<std::size_t>(i)];
  if (killwords->is_undefined() || !killwords->as_bool()) kept = kept.substr(0, kept.rfind(' '));
  return mk_val<::jinja::value_string>(kept + end_text);
}

Any wordcount(const func_args& args) {
  static const Regex word(R"(\w+)");
  std::int64_t count = 0;
  const auto text = jinja_str(args.get_pos(0));
  word.for_each_match(text, [&](const RegexMatch&) { ++count; });
  return mk_val<::jinja::value_int>(count);
}

/// As jinja2's: what is not defined, and with a third argument also what is false.
Any default_value(const func_args& args) {
  const auto given = args.get_pos(0);
  const auto otherwise = args.get_kwarg_or_pos("default_value", 1);
  const auto boolean = args.get_kwarg_or_pos("boolean", 2);
  const bool any_false = !boolean->is_undefined() && boolean->as_bool();
  if (!given->is_undefined() && (!any_false || given->as_bool())) return given;
  return otherwise->is_undefined() ? Any(mk_val<::jinja::value_string>("")) : otherwise;
}

Any first(const func_args& args) {
  const auto all = items(args.get_pos(0));
  return all.empty() ? Any(mk_val<::jinja::value_undefined>("first")) : all.front();
}

Any last(const func_args& args) {
  const auto all = items(args.get_pos(0));
  return all.empty() ? Any(mk_val<::jinja::value_undefined>("last")) : all.back();
}

/// select("odd"), selectattr("meta.page", "gt", 3), and their opposites; without a test what is true.
template <bool wanted, bool of_attribute>
Any select(const func_args& args) {
  constexpr std::size_t test = of_attribute ? 2 : 1;  // where its name stands
  auto selected = mk_val<::jinja::value_array>();
  for (const auto& each : items(args.get_pos(0))) {
    func_args one(args.ctx);
    one.push_back(of_attribute ? attribute(each, args.get_pos(1)) : each);
    for (std::size_t i = test + 1; i < args.count(); ++i) one.push_back(args.get_args()[i]);
    auto result = one.get_pos(0);
    if (args.count() > test) {
      const auto found = ::jinja::global_builtins().find("test_is_" + jinja_str(args.get_pos(test)));
      if (found == ::jinja::global_builtins().end())
        throw std::runtime_error(fmt::format("No test named '{}'.", jinja_str(args.get_pos(test))));
      result = limited(jinja_str(args.get_pos(test)), one.get_args(), [&] { return found->second(one); });
    }
    if (result->as_bool() == wanted) selected->push_back(each);
  }
  return selected;
}

/// The engine's is a method of Python's strings, and leaves "%s" as it is.
[[noreturn]] Any format(const func_args&) { throw std::runtime_error("there is no filter format: write a ~ b"); }

Any map(const func_args& args);

using Filter = Any (*)(const func_args&);
const std::map<std::string, Filter, std::less<>> filters = {
    {"count", length},
    {"d", default_value},
    {"default", default_value},
    {"first", first},
    {"format", format},
    {"join", join},
    {"last", last},
    {"length", length},
    {"list", list},
    {"map", map},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"round", round},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
    {"sum", sum},
    {"truncate", truncate},
    {"unique", unique},
    {"wordcount", wordcount},
};

Any apply_filter(const std::string& filter, const func_args& args) {
  if (const auto found = filters.find(filter); found != filters.end()) return found->second(args);
  const auto& builtins = args.get_pos(0)->get_builtins();
  const auto found = builtins.find(filter == "trim" ? "strip" : filter);
  if (found == builtins.end()) throw std::runtime_error(fmt::format("No filter named '{}'.", filter));
  return limited(filter, args.get_args(), [&] { return found->second(args); });
}

/// map(attribute="a", default=1), or map("name of a filter", its arguments).
Any map(const func_args& args) {
  const auto path = args.get_kwarg("attribute", mk_val<::jinja::value_undefined>());
  const auto otherwise = args.get_kwarg("default", mk_val<::jinja::value_undefined>());
  auto mapped = mk_val<::jinja::value_array>();
  for (const auto& each : items(args.get_pos(0))) {
    if (!path->is_undefined()) {
      const auto found = attribute(each, path);
      mapped->push_back(found->is_undefined() ? otherwise : found);
      continue;
    }
    func_args one(args.ctx);
    one.push_back(each);
    for (std::size_t i = 2; i < args.count(); ++i) one.push_back(args.get_args()[i]);
    mapped->push_back(apply_filter(jinja_str(args.get_pos(1)), one));
  }
  return mapped;
}

}  // namespace

Any filter_function(std::string_view filter) {
  const auto found = filters.find(filter);
  if (found == filters.end()) return nullptr;
  return mk_val<::jinja::value_func>(found->first, ::jinja::func_handler(found->second));
}

}  // namespace berth
