#include "component/typed_input.h"

namespace berth {
namespace {

bool is_document(const Value& value) {
  try {
    (void)from_value<Document>(value);
  } catch (const WrongType&) {
    return false;
  }
  return true;
}

}  // namespace

std::string text_input(const Run& run, const Input<std::string>& input, std::string_view message) {
  if (!run.value(input).is_string()) throw WrongType(std::string(message));
  return run.get(input);
}

std::vector<Document> documents_input(const Run& run, const Input<std::vector<Document>>& input,
                                      std::string_view message) {
  const auto& given = run.value(input);
  if (!given.is_array() || (!given.as_array().empty() && !is_document(given.as_array().front())))
    throw WrongType(std::string(message));
  return run.get(input);
}

}  // namespace berth
