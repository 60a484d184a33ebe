/// str() and repr().
#include <fmt/format.h>

#include <algorithm>

#include "jinja/operators.h"
#include "text/python_printable.h"
#include "text/utf8.h"
#include "value/python_text.h"

namespace berth::jinja {
namespace {

std::string escape_of(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  return code > 0xFFFF ? fmt::format("\\U{:08x}", code)
         : code > 0xFF ? fmt::format("\\u{:04x}", code)
                       : fmt::format("\\x{:02x}", code);
}

void write_quoted(TextBuilder& out, const Str& text) {
  const bool has_single = text.bytes.find('\'') != text.bytes.npos;
  const char quote = has_single && text.bytes.find('"') == text.bytes.npos ? '"' : '\'';
  out.append(quote);
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.bytes.size();) {
    const char c = text.bytes[at];
    if (c >= ' ' && c < '\x7f' && c != quote && c != '\\') {
      ++at;
      continue;
    }
    const auto character = first_character(text.bytes.substr(at));
    const bool is_special = c == quote || c == '\\';
    if (!is_special && character.state == Utf8Character::whole &&
        python_printable(text.bytes.substr(at, character.length))) {
      at += character.length;
      continue;
    }
    out.append(text, from, at);
    if (is_special)
      (out.append('\\'), out.append(c));
    else if (character.state == Utf8Character::whole)
      out.append(escape_of(character.code));
    else
      for (std::size_t i = 0; i < character.length; ++i)
        out.append(escape_of(static_cast<unsigned char>(text.bytes[at + i])));
    from = at += character.length;
  }
  out.append(text, from, text.bytes.size());
  out.append(quote);
}

void write_whole(TextBuilder& out, const BigInteger& number) {
  constexpr std::size_t digit_limit = 4300;
  out.run.count_steps(number.limb_count() * number.limb_count() / 32);
  const auto text = number.to_string();
  if (text.size() - (number.negative() ? 1 : 0) > digit_limit)
    value_error(
        "Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to "
        "increase the limit");
  out.append(text);
}

}  // namespace

/// Writes a list, a tuple or a dictionary; one that is being written already, by the dots that Python writes.
class ContainerWriter {
 public:
  static void write(TextBuilder& out, const Any& value) {
    const void* identity = value.is(Type::dict) ? static_cast<const void*>(&value.dict()) : &value.items();
    const bool is_dict = value.is(Type::dict);
    if (std::ranges::find(out.open, identity) != out.open.end()) {
      out.append(is_dict ? "{...}" : value.is(Type::list) ? "[...]" : "(...)");
      return;
    }
    const DeeperValue deeper(out.run);
    out.open.push_back(identity);
    if (is_dict)
      write_entries(out, value.dict());
    else
      write_items(out, value.items(), value.is(Type::tuple));
    out.open.pop_back();
  }

 private:
  static void write_entries(TextBuilder& out, const Dict& dict) {
    out.append('{');
    for (std::size_t i = 0; i < dict.size(); ++i) {
      out.run.count_steps(1);
      if (i > 0) out.append(", ");
      write_repr(out, dict.entry(i).key);
      out.append(": ");
      write_repr(out, dict.entry(i).value);
    }
    out.append('}');
  }

  static void write_items(TextBuilder& out, const List& list, bool is_tuple) {
    out.append(is_tuple ? '(' : '[');
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      out.run.count_steps(1);
      if (i > 0) out.append(", ");
      write_repr(out, list.items[i]);
    }
    if (is_tuple && list.items.size() == 1) out.append(',');
    out.append(is_tuple ? ')' : ']');
  }
};

void write_repr(TextBuilder& out, const Any& value) {
  switch (value.type()) {
    case Type::undefined:
      return out.append("Undefined");
    case Type::none:
      return out.append("None");
    case Type::boolean:
      return out.append(value.boolean() ? "True" : "False");
    case Type::integer:
      return out.append(fmt::format_int(value.integer()).c_str());
    case Type::big:
      return write_whole(out, value.big());
    case Type::floating:
      return out.append(python_float(value.floating()));
    case Type::string:
      if (!value.string().markup) return write_quoted(out, value.string());
      out.append("Markup(");
      write_quoted(out, value.string());
      return out.append(')');
    case Type::list:
    case Type::tuple:
    case Type::dict:
      return ContainerWriter::write(out, value);
    case Type::object:
      return value.object().write(out);
  }
}

void write_str(TextBuilder& out, const Any& value) {
  if (value.is_string())
    out.append(value.string());
  else if (value.is_undefined())
    value.undefined().use();
  else
    write_repr(out, value);
}

Any str_of(Run& run, const Any& value, bool keep_markup) {
  if (value.is_string()) {
    if (keep_markup || !value.string().markup) return value;
    auto plain = value.string();
    plain.markup = false;
    return run.heap.make<Str>(plain);
  }
  TextBuilder out(run);
  write_str(out, value);
  return out.finish();
}

}  // namespace berth::jinja
