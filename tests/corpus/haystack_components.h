// Which of the components that the corpus names are here.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "berth/component.h"

namespace berth::corpus {

/// Those that Berth does not have yet. A test fails as soon as one of them is there: its cases count from then on.
constexpr std::array<std::string_view, 15> missing_components = {
    "ExtractiveReader",
    "LocalWhisperTranscriber",
    "NamedEntityExtractor",
    "SASEvaluator",
    "SentenceTransformersDiversityRanker",
    "SentenceTransformersDocumentEmbedder",
    "SentenceTransformersDocumentImageEmbedder",
    "SentenceTransformersSimilarityRanker",
    "SentenceTransformersSparseDocumentEmbedder",
    "SentenceTransformersSparseTextEmbedder",
    "SentenceTransformersTextEmbedder",
    "TransformersSimilarityRanker",
    "TransformersTextRouter",
    "TransformersZeroShotDocumentClassifier",
    "TransformersZeroShotTextRouter",
};

inline std::string_view last_part(std::string_view type) { return type.substr(type.rfind('.') + 1); }

inline bool is_missing(std::string_view type) {
  return std::ranges::find(missing_components, last_part(type)) != missing_components.end();
}

/// The class whose qualified or last name this is, or nullptr where there is none.
inline const ComponentClass* component_here(std::string_view name) {
  for (const auto* each : component_classes())
    if (each->type == name || last_part(each->type) == name) return each;
  return nullptr;
}

/// Remote generators are not made without a key. None of them is asked.
inline void set_keys() {
  for (const char* name : {"OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"}) setenv(name, "none", 1);
}

}  // namespace berth::corpus
