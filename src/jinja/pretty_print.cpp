#include "jinja/pretty_print.h"

#include <algorithm>
#include <vector>

#include "jinja/operators.h"
#include "text/unicode.h"

namespace berth::jinja {
namespace {

constexpr std::size_t line_width = 80;

/// The entries in the order of their keys; keys without an order by the names of their types.
std::vector<std::pair<Any, Any>> sorted_entries(Run& run, Dict& dict) {
  std::vector<std::pair<Any, Any>> entries;
  for (const auto& entry : dict.entries()) entries.emplace_back(entry.key, entry.value);
  std::ranges::stable_sort(entries, [&](const auto& a, const auto& b) {
    run.count_steps(1);
    try {
      return compare(run, Op::less, a.first, b.first);
    } catch (const Failure& failure) {
      if (failure.kind != Failure::Kind::type) throw;
      return type_name(a.first) < type_name(b.first);
    }
  });
  return entries;
}

class PrettyPrinter {
 public:
  explicit PrettyPrinter(Run& run) : run_(run), out_(run) {}

  Any print(const Any& value) {
    write(value, 0, 0);
    return out_.finish();
  }

 private:
  /// On one line.
  void write_flat(TextBuilder& out, const Any& value) {
    const DeeperValue deeper(run_);
    run_.count_steps(1);
    if (value.is_sequence() && !value.items().group) {
      const auto& items = value.items().items;
      out.append(value.is(Type::list) ? '[' : '(');
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out.append(", ");
        write_flat(out, items[i]);
      }
      if (value.is(Type::tuple) && items.size() == 1) out.append(',');
      out.append(value.is(Type::list) ? ']' : ')');
    } else if (value.is(Type::dict)) {
      out.append('{');
      bool first = true;
      for (const auto& [key, entry] : sorted_entries(run_, value.dict())) {
        if (!std::exchange(first, false)) out.append(", ");
        write_flat(out, key);
        out.append(": ");
        write_flat(out, entry);
      }
      out.append('}');
    } else {
      write_repr(out, value);
    }
  }

  /// `indent`: the column where it starts; `allowance`: what must have room after it.
  void write(const Any& value, std::size_t indent, std::size_t allowance) {
    const DeeperValue deeper(run_);
    TextBuilder flat(run_);
    write_flat(flat, value);
    const auto room = indent + allowance < line_width ? line_width - indent - allowance : 0;
    const bool fits = count_characters(flat.bytes()) <= room;
    if (fits || (!value.is_sequence() && !value.is(Type::dict))) return out_.append(flat.bytes());
    if (value.is(Type::dict)) return write_entries(value.dict(), indent, allowance);
    const auto& items = value.items().items;
    const bool is_single = value.is(Type::tuple) && items.size() == 1;
    out_.append(value.is(Type::list) ? '[' : '(');
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) new_line(indent + 1);
      const bool last = i + 1 == items.size();
      write(items[i], indent + 1, last ? allowance + (is_single ? 2 : 1) : 1);
      if (!last || is_single) out_.append(',');
    }
    out_.append(value.is(Type::list) ? ']' : ')');
  }

  void write_entries(Dict& dict, std::size_t indent, std::size_t allowance) {
    out_.append('{');
    const auto entries = sorted_entries(run_, dict);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) new_line(indent + 1);
      TextBuilder key(run_);
      write_flat(key, entries[i].first);
      out_.append(key.bytes());
      out_.append(": ");
      const bool last = i + 1 == entries.size();
      write(entries[i].second, indent + count_characters(key.bytes()) + 3, last ? allowance + 1 : 1);
      if (!last) out_.append(',');
    }
    out_.append('}');
  }

  void new_line(std::size_t indent) {
    out_.append('\n');
    out_.append_repeated(" ", indent);
  }

  Run& run_;
  TextBuilder out_;
};

}  // namespace

Any pretty_printed(Run& run, const Any& value) { return PrettyPrinter(run).print(value); }

}  // namespace berth::jinja
