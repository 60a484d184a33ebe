#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "berth/document_store.h"
#include "text/lower_case.h"
#include "text/printable.h"

namespace berth {
namespace {

constexpr std::array<std::string_view, 4> duplicate_policies = {"NONE", "SKIP", "OVERWRITE", "FAIL"};
constexpr std::array<std::string_view, 2> filter_policies = {"replace", "merge"};

}  // namespace

Value ValueTraits<DuplicatePolicy>::to_value(DuplicatePolicy policy) {
  return duplicate_policies.at(static_cast<std::size_t>(policy));
}

DuplicatePolicy ValueTraits<DuplicatePolicy>::from_value(const Value& value) {
  const auto found = std::ranges::find(duplicate_policies, value.as_string());
  if (found == duplicate_policies.end())
    throw std::invalid_argument(fmt::format("Unknown DuplicatePolicy {}. Supported are: NONE, SKIP, OVERWRITE, FAIL",
                                            in_quotes(value.as_string())));
  return static_cast<DuplicatePolicy>(found - duplicate_policies.begin());
}

Value ValueTraits<FilterPolicy>::to_value(FilterPolicy policy) {
  return filter_policies.at(static_cast<std::size_t>(policy));
}

FilterPolicy ValueTraits<FilterPolicy>::from_value(const Value& value) {
  const auto found = std::ranges::find(filter_policies, lower_case(value.as_string()));
  if (found == filter_policies.end())
    throw std::invalid_argument(fmt::format("Unknown FilterPolicy type {}. Supported types are: ['replace', 'merge']",
                                            in_quotes(value.as_string())));
  return static_cast<FilterPolicy>(found - filter_policies.begin());
}

}  // namespace berth
