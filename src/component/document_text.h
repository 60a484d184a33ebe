/// What embedders and rankers make of documents before a model sees them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/document.h"

namespace berth {

/// The values of those entries of `meta` that are there, and the content, with `separator` between them.
std::string text_of(const Document& document, const std::vector<std::string>& meta_fields, std::string_view separator);

/// One document for each id: of several the one with the highest score, at the place of the first.
std::vector<Document> deduplicated(std::vector<Document> documents);

}  // namespace berth
