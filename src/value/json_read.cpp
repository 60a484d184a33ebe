#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/error.h"
#include "berth/value.h"
#include "text/printable.h"
#include "value/lenient_json.h"

namespace berth {
namespace {

constexpr std::size_t max_depth = 512;

/// Passes over the text and leaves behind how far it came, which the parser tells for its own errors only.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  reference operator*() const { return *at; }
  Cursor& operator++() {
    *reached = ++at;
    return *this;
  }
  bool operator==(const Cursor& other) const { return at == other.at; }

  const char* at;
  const char** reached;
};

/// Builds the value while nlohmann's parser, which does not recurse, reads the text.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(bool last_of_a_name_counts) : last_of_a_name_counts_(last_of_a_name_counts) {}

  bool null() override { return add(Value()); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& text) override {
    const bool is_integer = text.find_first_not_of("-0123456789") == text.npos;  // one beyond 64 bits
    return add(is_integer ? Value::integer(text) : Value(value));
  }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // not in JSON
  bool start_object(std::size_t) override { return open(Value::Object{}); }
  bool start_array(std::size_t) override { return open(Value::Array{}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = open_.back();
    if (!last_of_a_name_counts_ && level.value.as_object().contains(name)) {
      problem_ = Problem{fmt::format("the name \"{}\" twice in one object", printable(name)), "each name once"};
      return false;
    }
    level.name = std::move(name);
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing value -
    // unexpected end of input; expected '}'"
    std::string_view message = error.what();
    if (const auto start = message.find("] "); start != message.npos) message.remove_prefix(start + 2);
    if (const auto start = message.find(" - "); start != message.npos) message.remove_prefix(start + 3);
    const auto split = message.find("; expected ");
    const std::string otherwise = error.id == 406 ? "a number within the range of a double" : "JSON";
    problem_ = Problem{printable(message.substr(0, split)),
                       split == message.npos ? otherwise : printable(message.substr(split + 11))};
    return false;
  }

  /// The whole value, `end` being how far the parser came.
  Value take(std::uint64_t end) {
    if (problem_) throw FormatError({}, end, problem_->found, problem_->expected);
    return std::move(root_);
  }

 private:
  struct Level {
    Value value;
    std::string name;  // of the entry being read
  };
  struct Problem {
    std::string found;
    std::string expected;
  };

  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Level& level = open_.back(); level.value.is_array()) {
      level.value.as_array().push_back(std::move(value));
    } else {
      level.value.as_object().set(std::move(level.name), std::move(value));
    }
    return true;
  }

  bool open(Value container) {
    if (open_.size() == max_depth) {
      problem_ = Problem{fmt::format("more than {} levels", max_depth), fmt::format("at most {}", max_depth)};
      return false;
    }
    open_.push_back({std::move(container), {}});
    return true;
  }

  bool close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }

  bool last_of_a_name_counts_;
  Value root_;
  std::vector<Level> open_;
  std::optional<Problem> problem_;
};

Value read(std::string_view text, bool last_of_a_name_counts) {
  // The parser would take it for the end.
  if (const auto nul = text.find('\0'); nul != text.npos) throw FormatError({}, nul, "a NUL byte", "JSON");
  const char* reached = text.data();
  const char* const end = text.data() + text.size();
  Builder builder(last_of_a_name_counts);
  nlohmann::json::sax_parse(Cursor{text.data(), &reached}, Cursor{end, &reached}, &builder);
  return builder.take(static_cast<std::uint64_t>(reached - text.data()));
}

/// With null and blanks in the place of numbers that JSON does not have, so that all places stay.
std::string with_null_for_no_numbers(std::string text) {
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"')
      in_text = !in_text;
    else if (in_text && text[i] == '\\')
      ++i;
    if (in_text) continue;
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"})
      if (std::string_view(text).substr(i).starts_with(word)) {
        text.replace(i, word.size(), word == "NaN" ? "null" : fmt::format("{:<{}}", "null", word.size()));
        i += 3;
        break;
      }
  }
  return text;
}

}  // namespace

Value Value::from_json(std::string_view text) { return read(text, false); }

Value from_lenient_json(std::string_view text) {
  const bool has_others = text.find("NaN") != text.npos || text.find("Infinity") != text.npos;
  return has_others ? read(with_null_for_no_numbers(std::string(text)), true) : read(text, true);
}

}  // namespace berth
