/// The functions that every template knows.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <ctime>

#include "jinja/function.h"
#include "jinja/objects.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

constexpr std::size_t range_limit = 100'000;

Any range(Run& run, Bound& bound) {
  const auto& [arguments, named] = *bound.rest;
  if (!named.empty()) type_error("range() takes no keyword arguments");
  if (arguments.empty() || arguments.size() > 3)
    type_error(fmt::format("range expected 1 to 3 arguments, got {}", arguments.size()));
  const auto start = arguments.size() == 1 ? 0 : index_of(arguments[0]);
  const auto stop = index_of(arguments[arguments.size() == 1 ? 0 : 1]);
  const auto step = arguments.size() == 3 ? index_of(arguments[2]) : 1;
  if (step == 0) value_error("range() arg 3 must not be zero");
  std::uint64_t count = 0;
  if (step > 0 ? start < stop : start > stop) {
    const auto distance = step > 0 ? static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start)
                                   : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(stop);
    const auto size = step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
    count = (distance - 1) / size + 1;
  }
  if (count > range_limit)
    other_error(fmt::format("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({}).", range_limit));
  return run.heap.make<Range>(start, step, count, stop);
}

Any dict(Run& run, Bound& bound) { return dict_of(run, *bound.rest, "dict"); }
Any make_namespace(Run& run, Bound& bound) { return run.heap.make<Namespace>(*dict_of(run, *bound.rest, "dict")); }

Any cycler(Run& run, Bound& bound) {
  if (!bound.rest->named.empty()) type_error("cycler() takes no keyword arguments");
  if (bound.rest->positional.empty()) other_error("at least one item has to be provided");
  auto* items = run.list();
  items->items.assign(bound.rest->positional.begin(), bound.rest->positional.end());
  return run.heap.make<Cycler>(*items);
}

Any joiner(Run& run, Bound& bound) { return run.heap.make<Joiner>(bound.has(0) ? bound[0] : run.view(", ")); }

Any lipsum(Run&, Bound&) { other_error("lipsum() is not here: its text differs from call to call"); }

Any raise_exception(Run& run, Bound& bound) {
  TextBuilder message(run);
  write_str(message, bound[0]);
  other_error(message.take_bytes());
}

/// The format of a time without a zone, as datetime.strftime() hands it to C: %f becomes digits, %z and %Z nothing.
std::string naive_format(std::string_view format, std::int64_t microseconds) {
  std::string made;
  for (std::size_t at = 0; at < format.size(); ++at) {
    const bool is_field = format[at] == '%' && at + 1 < format.size();
    if (!is_field) {
      made += format[at];
      continue;
    }
    const char field = format[++at];
    if (field == 'f')
      made += fmt::format("{:06}", microseconds);
    else if (field != 'z' && field != 'Z')
      (made += '%') += field;
  }
  return made;
}

Any strftime_now(Run& run, Bound& bound) {
  using std::chrono::microseconds;
  using std::chrono::seconds;
  const auto now = run.environment.clock().time_since_epoch();
  const auto whole = std::chrono::floor<seconds>(now);
  const auto format = naive_format(text_argument(bound[0], "strftime_now").bytes,
                                   std::chrono::duration_cast<microseconds>(now - whole).count());
  const std::time_t time = whole.count();
  std::tm local{};
  localtime_r(&time, &local);
  std::string text(format.size() * 8 + 256, '\0');
  run.count_text(text.size());
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &local));
  return run.text(text);
}

constexpr std::array functions = {
    Function("range", "*", range),   Function("dict", "*", dict),        Function("namespace", "*", make_namespace),
    Function("cycler", "*", cycler), Function("joiner", "sep=", joiner), Function("lipsum", "*", lipsum),
};

constexpr std::array functions_of_chats = {
    Function("raise_exception", "message", raise_exception),
    Function("strftime_now", "format", strftime_now),
};

}  // namespace

Dict* dict_of(Run& run, const Arguments& given, std::string_view name) {
  const auto& [arguments, named] = given;
  if (arguments.size() > 1) type_error(fmt::format("{} expected at most 1 argument, got {}", name, arguments.size()));
  auto* dict = run.dict();
  if (!arguments.empty()) {
    if (arguments[0].is(Type::dict)) {
      for (const auto& entry : arguments[0].dict().entries()) dict->set(run, entry.key, entry.value);
    } else {
      for_each(run, arguments[0], [&](const Any& pair) {
        if (!is_iterable(run, pair)) type_error("cannot convert dictionary update sequence element to a sequence");
        const auto* items = list_of(run, pair);
        if (items->items.size() != 2)
          value_error(
              fmt::format("dictionary update sequence element has length {}; 2 is required", items->items.size()));
        dict->set(run, items->items[0], items->items[1]);
        return true;
      });
    }
  }
  for (const auto& [key, value] : named) dict->set(run, run.view(key), value);
  return dict;
}

const std::span<const Function> global_functions = functions;
const std::span<const Function> chat_functions = functions_of_chats;

}  // namespace berth::jinja
