/// Answers: what question answering and generation end in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/document.h"
#include "berth/value.h"

namespace berth {

/// A text that a model wrote, with the documents it was given. Haystack's class of that name.
struct GeneratedAnswer {
  static constexpr std::string_view class_name = "GeneratedAnswer";

  std::string data = {};
  std::string query = {};
  std::vector<Document> documents = {};
  Value::Object meta = {};  ///< "all_messages": a list of strings or of ChatMessages

  bool operator==(const GeneratedAnswer&) const = default;

  /// What templates see: the fields by their names.
  Value::Object attributes() const;

  Value to_dict() const;                                ///< {"type": ..., "init_parameters": {...}}
  static GeneratedAnswer from_dict(const Value& dict);  ///< throws std::invalid_argument
};

/// A part of a document that answers the query. Haystack's class of that name.
struct ExtractedAnswer {
  static constexpr std::string_view class_name = "ExtractedAnswer";

  /// Characters from `start` to before `end`.
  struct Span {
    std::int64_t start = 0;
    std::int64_t end = 0;
    bool operator==(const Span&) const = default;
  };

  std::string query = {};
  double score = 0;
  std::optional<std::string> data = {};  ///< none: no answer
  std::optional<Document> document = {};
  std::optional<std::string> context = {};
  std::optional<Span> document_offset = {};
  std::optional<Span> context_offset = {};
  Value::Object meta = {};

  bool operator==(const ExtractedAnswer&) const = default;

  /// What templates see: the fields by their names.
  Value::Object attributes() const;

  Value to_dict() const;                                ///< {"type": ..., "init_parameters": {...}}
  static ExtractedAnswer from_dict(const Value& dict);  ///< throws std::invalid_argument
};

}  // namespace berth
