#include "berth/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <compare>
#include <stdexcept>

#include "berth/value_traits.h"
#include "document_store/date.h"
#include "text/printable.h"
#include "value/python_compare.h"
#include "value/python_text.h"

namespace berth {
namespace {

enum class Comparison { not_equal, less, less_equal, equal, greater, greater_equal, in, not_in };

// In the order in which errors name them.
constexpr std::array<std::string_view, 8> comparison_names = {"!=", "<", "<=", "==", ">", ">=", "in", "not in"};

const Value& entry(const Value::Object& condition, std::string_view name) {
  const Value* value = condition.find(name);
  if (value == nullptr)
    throw std::invalid_argument(fmt::format("'{}' key missing in {}", name, printable(python_str(condition), 500)));
  return *value;
}

const std::string& text_entry(const Value::Object& condition, std::string_view name) {
  const Value& value = entry(condition, name);
  if (!value.is_string())
    throw std::invalid_argument(
        fmt::format("The '{}' of a filter must be a string, not of type '{}'", name, python_type_name(value)));
  return value.as_string();
}

/// What a filter compares: it is in the document, or made of one of its fields.
class FieldValue {
 public:
  FieldValue(const Document& document, std::string_view field) {
    const auto dot = field.find('.');
    const auto name = field.substr(0, dot);
    if (name == "meta" && dot != field.npos)
      found_ = in_dictionary(&document.meta, field.substr(dot + 1));
    else if (name == "meta")
      made_ = document.meta;
    else if (name == "content")
      made_ = to_value(document.content);
    else if (name == "id")
      made_ = document.id;
    else if (name == "score")
      made_ = to_value(document.score);
    else if (name == "embedding")
      made_ = to_value(document.embedding);
    else if (name == "blob")
      made_ = to_value(document.blob);
    else if (name == "sparse_embedding")
      made_ = to_value(document.sparse_embedding);
    else if (dot == field.npos)
      found_ = document.meta.find(field);  // converted legacy filters leave "meta." out
    else
      throw std::invalid_argument(fmt::format("'Document' object has no attribute {}", in_quotes(name)));
    if (dot != field.npos && name != "meta") made_ = Value();  // nothing of these is a dictionary
  }

  const Value& operator*() const { return found_ == nullptr ? made_ : *found_; }

 private:
  /// "person.name" in dictionaries of dictionaries.
  static const Value* in_dictionary(const Value::Object* dictionary, std::string_view path) {
    for (;;) {
      const auto dot = path.find('.');
      const Value* value = dictionary->find(path.substr(0, dot));
      if (dot == path.npos || value == nullptr) return value;
      if (!value->is_object()) return nullptr;
      dictionary = &value->as_object();
      path.remove_prefix(dot + 1);
    }
  }

  const Value* found_ = nullptr;
  Value made_;
};

Date date_of(const Value& value) {
  const auto date = value.is_string() ? parse_date(value.as_string()) : std::nullopt;
  if (!date)
    throw std::invalid_argument(
        "Can't compare strings using operators '>', '>=', '<', '<='. Strings are only comparable if they are ISO "
        "formatted dates.");
  return *date;
}

std::partial_ordering order(const Value& value, const Value& filter_value) {
  if (value.is_null() || filter_value.is_null()) return std::partial_ordering::unordered;
  if (value.is_string() || filter_value.is_string()) {
    const auto date = date_of(value);
    return compare(date, date_of(filter_value)) <=> 0;
  }
  if (filter_value.is_array())
    throw std::invalid_argument("Filter value can't be of type <class 'list'> using operators '>', '>=', '<', '<='");
  return python_order(value, filter_value);
}

bool is_in(const Value& value, const Value& filter_value) {
  if (!filter_value.is_array())
    throw std::invalid_argument(
        fmt::format("Filter value must be a `list` when using operator 'in' or 'not in', received type '<class '{}'>'",
                    python_type_name(filter_value)));
  return std::ranges::any_of(filter_value.as_array(), [&](const Value& one) { return python_equal(one, value); });
}

bool compare_by(Comparison comparison, const Value& value, const Value& filter_value) {
  switch (comparison) {
    case Comparison::equal:
      return python_equal(value, filter_value);
    case Comparison::not_equal:
      return !python_equal(value, filter_value);
    case Comparison::less:
      return order(value, filter_value) < 0;
    case Comparison::less_equal:
      return order(value, filter_value) <= 0;
    case Comparison::greater:
      return order(value, filter_value) > 0;
    case Comparison::greater_equal:
      return order(value, filter_value) >= 0;
    case Comparison::in:
      return is_in(value, filter_value);
    case Comparison::not_in:
      return !is_in(value, filter_value);
  }
  return false;
}

bool matches(const Value& filter, const Document& document);

bool matches_comparison(const Value::Object& condition, const Document& document) {
  const auto& field = text_entry(condition, "field");
  const auto& name = text_entry(condition, "operator");
  const Value& filter_value = entry(condition, "value");
  const FieldValue value(document, field);
  const auto found = std::ranges::find(comparison_names, name);
  if (found == comparison_names.end())
    throw std::invalid_argument(
        fmt::format("Unknown comparison operator {}. Valid operators are: ['!=', '<', '<=', '==', '>', '>=', 'in', "
                    "'not in']",
                    in_quotes(name)));
  return compare_by(static_cast<Comparison>(found - comparison_names.begin()), *value, filter_value);
}

bool matches_logic(const Value::Object& condition, const Document& document) {
  const auto& name = text_entry(condition, "operator");
  const Value& conditions = entry(condition, "conditions");
  if (name != "AND" && name != "OR" && name != "NOT")
    throw std::invalid_argument(
        fmt::format("Unknown logical operator {}. Valid operators are: ['AND', 'NOT', 'OR']", in_quotes(name)));
  if (!conditions.is_array())
    throw std::invalid_argument(
        fmt::format("The 'conditions' of a filter must be a list, not of type '{}'", python_type_name(conditions)));
  const auto match = [&](const Value& one) { return matches(one, document); };
  if (name == "OR") return std::ranges::any_of(conditions.as_array(), match);
  return std::ranges::all_of(conditions.as_array(), match) == (name == "AND");
}

bool matches(const Value& filter, const Document& document) {
  if (!filter.is_object())
    throw std::invalid_argument(
        fmt::format("A condition of a filter must be a dictionary, not of type '{}'", python_type_name(filter)));
  return document_matches_filter(filter.as_object(), document);
}

}  // namespace

bool document_matches_filter(const Value::Object& filters, const Document& document) {
  return filters.contains("field") ? matches_comparison(filters, document) : matches_logic(filters, document);
}

}  // namespace berth
