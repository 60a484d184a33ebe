/// Document: what is searched, ranked and put into prompts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/byte_stream.h"
#include "berth/sparse_embedding.h"
#include "berth/value.h"

namespace berth {

struct DocumentFields {
  std::string id = {};  ///< empty: made from the other fields, except the score
  std::optional<std::string> content = {};
  std::optional<ByteStream> blob = {};
  Value::Object meta = {};
  std::optional<double> score = {};
  std::optional<std::vector<double>> embedding = {};
  std::optional<SparseEmbedding> sparse_embedding = {};

  bool operator==(const DocumentFields&) const = default;
};

/// Haystack's class of that name; the same content has the same id there.
///
///     Document document({.content = "Rome is old.", .meta = {{"page", 3}}});
///     document.id;  // 64 hexadecimal digits
struct Document : DocumentFields {
  static constexpr std::string_view class_name = "Document";

  Document(DocumentFields fields = {});

  bool operator==(const Document&) const = default;

  /// What templates see: the fields by their names.
  Value::Object attributes() const;

  /// All fields by their names, and the entries of `meta` among them. A field wins over an entry of the same name.
  Value to_dict() const { return to_dict(true); }
  Value to_dict(bool flatten) const;  ///< false: `meta` stays one entry

  /// From either form. Throws std::invalid_argument.
  static Document from_dict(const Value& dict);
};

}  // namespace berth
