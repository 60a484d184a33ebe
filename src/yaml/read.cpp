#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "berth/error.h"
#include "text/printable.h"
#include "yaml/keys.h"
#include "yaml/yaml.h"

namespace berth::yaml {
namespace {

constexpr std::size_t longest_text = std::size_t{64} << 20U;
constexpr std::size_t deepest = 200;
constexpr std::size_t most_copied_nodes = 1'000'000;

struct EventDeleter {
  void operator()(yaml_event_t* event) const {
    yaml_event_delete(event);
    delete event;
  }
};
using Event = std::unique_ptr<yaml_event_t, EventDeleter>;

std::string_view view(const yaml_char_t* text, std::size_t length) {
  return {reinterpret_cast<const char*>(text), length};
}

std::string_view scalar_text(const yaml_event_t& event) {
  return view(event.data.scalar.value, event.data.scalar.length);
}

std::string_view optional_text(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

Mark mark_of(const yaml_mark_t& mark) { return {mark.line + 1, mark.column + 1}; }

/// Becomes a FormatError where the text's name is known.
struct Mistake {
  yaml_mark_t mark;
  std::string found;
  std::string expected;
};

[[noreturn]] void fail(const yaml_mark_t& mark, std::string_view found, std::string_view expected) {
  throw Mistake{mark, std::string(found), std::string(expected)};
}

/// The events of a text, one after the other.
class Parser {
 public:
  explicit Parser(std::string_view text) {
    if (text.size() > longest_text) fail({}, fmt::format("a text of {} bytes", text.size()), "at most 64 MiB of YAML");
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Event next() {
    auto event = std::make_unique<yaml_event_t>();
    if (yaml_parser_parse(&parser_, event.get()) == 0) {
      if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
      auto mark = parser_.problem_mark;
      if (parser_.error == YAML_READER_ERROR) mark.index = parser_.problem_offset;
      fail(mark, parser_.problem == nullptr ? "no YAML" : parser_.problem, "YAML");
    }
    return Event(event.release());
  }

 private:
  yaml_parser_t parser_ = {};
};

class Reader {
 public:
  explicit Reader(std::string_view text) : parser_(text) {}

  Value read() {
    parser_.next();  // the start of the stream
    auto event = parser_.next();
    if (event->type == YAML_STREAM_END_EVENT) return nullptr;
    auto value = node(parser_.next(), 0);
    parser_.next();  // the end of the document
    event = parser_.next();
    if (event->type != YAML_STREAM_END_EVENT) fail(event->start_mark, "a second document", "one document");
    return value;
  }

 private:
  /// How much of the document something is.
  struct Size {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
  };
  struct Anchored {
    Value value;
    Size size;
  };

  Value node(Event event, std::size_t depth) {
    if (depth > deepest) fail(event->start_mark, fmt::format("nesting beyond {} levels", deepest), "less nesting");
    const auto before = read_;
    ++read_.nodes;
    const auto mark = event->start_mark;
    std::string anchor;
    Value value;
    switch (event->type) {
      case YAML_ALIAS_EVENT:
        return alias(*event);
      case YAML_SCALAR_EVENT:
        anchor = optional_text(event->data.scalar.anchor);
        value = scalar(*event);
        break;
      case YAML_SEQUENCE_START_EVENT:
        anchor = optional_text(event->data.sequence_start.anchor);
        check_tag(*event, optional_text(event->data.sequence_start.tag), {"seq", "python/tuple"});
        value = sequence(depth);
        break;
      case YAML_MAPPING_START_EVENT:
        anchor = optional_text(event->data.mapping_start.anchor);
        check_tag(*event, optional_text(event->data.mapping_start.tag), {"map"});
        value = mapping(depth);
        break;
      default:
        fail(event->start_mark, "an end", "a value");
    }
    if (!anchor.empty()) {
      const Size size{read_.nodes - before.nodes, read_.bytes - before.bytes};
      count_copy(mark, size);
      anchors_[anchor] = {value, size};
    }
    return value;
  }

  Value alias(const yaml_event_t& event) {
    const std::string name(optional_text(event.data.alias.anchor));
    const auto found = anchors_.find(name);
    if (found == anchors_.end())
      fail(event.start_mark, "the alias " + in_quotes(name) + " of nothing before it", "an anchor of that name");
    const auto& size = found->second.size;
    count_copy(event.start_mark, size);
    read_.nodes += size.nodes;
    read_.bytes += size.bytes;
    return found->second.value;
  }

  /// An anchor keeps a copy of what it names, and each alias is one.
  void count_copy(const yaml_mark_t& mark, const Size& size) {
    copied_.nodes += size.nodes;
    copied_.bytes += size.bytes;
    if (copied_.nodes > most_copied_nodes || copied_.bytes > longest_text)
      fail(mark, "anchors and aliases that repeat more than a million values or 64 MiB of text", "fewer of them");
  }

  Value scalar(const yaml_event_t& event) {
    const auto text = scalar_text(event);
    read_.bytes += text.size();
    const auto tag = optional_text(event.data.scalar.tag);
    auto type = ScalarType::text;
    if (tag == "!" || (tag.empty() && event.data.scalar.plain_implicit != 0)) {
      type = type_of(text);
    } else if (!tag.empty()) {
      check_tag(event, tag, {"str", "int", "float", "bool", "null"});
      type = tag.ends_with(":int")     ? ScalarType::integer
             : tag.ends_with(":float") ? ScalarType::floating
             : tag.ends_with(":bool")  ? ScalarType::boolean
             : tag.ends_with(":null")  ? ScalarType::null
                                       : ScalarType::text;
    }
    try {
      return construct(type, text);
    } catch (const std::invalid_argument&) {
      fail(event.start_mark, in_quotes(text),
           type == ScalarType::boolean    ? "a boolean: yes, no, true, false, on or off"
           : type == ScalarType::floating ? "a number"
                                          : "an integer within the range of a double, about 308 digits");
    }
  }

  Value sequence(std::size_t depth) {
    key_.clear();
    Value::Array array;
    for (;;) {
      auto event = parser_.next();
      if (event->type == YAML_SEQUENCE_END_EVENT) return array;
      array.push_back(node(std::move(event), depth + 1));
    }
  }

  Value mapping(std::size_t depth) {
    const bool takes_numbers = may_have_numbers(std::exchange(key_, {}));
    Value::Object object;
    std::vector<Value> merged;
    for (;;) {
      auto event = parser_.next();
      if (event->type == YAML_MAPPING_END_EVENT) break;
      const auto mark = event->start_mark;
      const bool is_merge =
          event->type == YAML_SCALAR_EVENT && event->data.scalar.plain_implicit != 0 && scalar_text(*event) == "<<";
      auto name = node(std::move(event), depth + 1);
      if (takes_numbers && name.is_int() && name.as_int() >= 0) name = name.int_text();
      if (!name.is_string())
        fail(mark, fmt::format("a key that is {}", name.is_object() || name.is_array() ? "no text" : name.to_json()),
             "text as a key (quote it)");
      key_ = name.as_string();
      auto value = node(parser_.next(), depth + 1);
      key_.clear();
      if (is_merge) {
        merge(mark, value, merged);
      } else {
        if (object.contains(name.as_string()))
          fail(mark, fmt::format("the key {} twice", in_quotes(name.as_string())), "each key once");
        object.set(name.as_string(), std::move(value));
      }
    }
    if (merged.empty()) return object;
    Value::Object all;  // what is merged comes first, and gives way to what stands in the mapping itself
    for (const auto& each : merged)
      for (const auto& [name, value] : each.as_object()) all.set(name, value);
    for (auto& [name, value] : object) all.set(name, value);
    return all;
  }

  static void merge(const yaml_mark_t& mark, const Value& value, std::vector<Value>& merged) {
    const auto add = [&](const Value& each) {
      if (!each.is_object()) fail(mark, "a merge (<<) of what is no mapping", "a mapping");
      merged.push_back(each);
    };
    if (value.is_array())  // the first of a list wins
      std::for_each(value.as_array().rbegin(), value.as_array().rend(), add);
    else
      add(value);
  }

  static void check_tag(const yaml_event_t& event, std::string_view tag,
                        std::initializer_list<std::string_view> known) {
    constexpr std::string_view standard = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "!") return;
    if (tag.starts_with(standard) && std::ranges::find(known, tag.substr(standard.size())) != known.end()) return;
    fail(event.start_mark, "the tag " + in_quotes(tag), "no tag: nothing in a file can name code or objects");
  }

  Parser parser_;
  std::string key_;  // of the value that is read next
  std::map<std::string, Anchored, std::less<>> anchors_;
  Size read_;
  Size copied_;
};

/// Goes past the node that `event` starts.
void skip(Parser& parser, const yaml_event_t& event) {
  std::size_t open = 0;
  for (auto type = event.type;; type = parser.next()->type) {
    if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT) ++open;
    if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT) --open;
    if (open == 0) return;
  }
}

}  // namespace

Value read(std::string_view text, const std::string& source) {
  try {
    return Reader(text).read();
  } catch (const Mistake& mistake) {
    const auto [line, column] = mark_of(mistake.mark);
    throw FormatError(source, line, column, mistake.mark.index, mistake.found, mistake.expected);
  }
}

Mark locate(std::string_view text, const std::vector<std::string>& path) {
  Parser parser(text);
  parser.next();
  parser.next();
  auto event = parser.next();
  Mark mark = mark_of(event->start_mark);
  for (const auto& name : path) {
    bool found = false;
    if (event->type == YAML_MAPPING_START_EVENT) {
      while (!found && (event = parser.next())->type != YAML_MAPPING_END_EVENT) {
        found = event->type == YAML_SCALAR_EVENT && scalar_text(*event) == name;
        if (found)
          mark = mark_of(event->start_mark);
        else
          skip(parser, *event);
        event = parser.next();
        if (!found) skip(parser, *event);
      }
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
      for (std::size_t i = 0; !found && (event = parser.next())->type != YAML_SEQUENCE_END_EVENT; ++i) {
        found = std::to_string(i) == name;
        if (found)
          mark = mark_of(event->start_mark);
        else
          skip(parser, *event);
      }
    }
    if (!found) break;
  }
  return mark;
}

}  // namespace berth::yaml
