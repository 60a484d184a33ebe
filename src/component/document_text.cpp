#include "component/document_text.h"

#include <limits>
#include <unordered_map>
#include <utility>

#include "value/python_text.h"

namespace berth {

std::string text_of(const Document& document, const std::vector<std::string>& meta_fields, std::string_view separator) {
  std::string text;
  for (const auto& name : meta_fields) {
    const auto* value = document.meta.find(name);
    if (value != nullptr && !value->is_null()) text.append(python_str(*value)).append(separator);
  }
  return text.append(document.content.value_or(""));
}

std::vector<Document> deduplicated(std::vector<Document> documents) {
  const auto score_of = [](const Document& document) {
    return document.score.value_or(-std::numeric_limits<double>::infinity());
  };
  std::vector<Document> unique;
  std::unordered_map<std::string, std::size_t> places;
  for (auto& document : documents) {
    const auto [place, is_new] = places.try_emplace(document.id, unique.size());
    if (is_new)
      unique.push_back(std::move(document));
    else if (score_of(document) > score_of(unique[place->second]))
      unique[place->second] = std::move(document);
  }
  return unique;
}

}  // namespace berth
