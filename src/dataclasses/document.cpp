#include "berth/document.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "dataclasses/dict_fields.h"
#include "system/sha256.h"
#include "value/python_text.h"

namespace berth {
namespace {

constexpr std::array<std::string_view, 7> field_names = {"id",        "content",         "blob", "meta", "score",
                                                         "embedding", "sparse_embedding"};
/// Fields of documents of Haystack 1.x, which are read and left out.
constexpr std::array<std::string_view, 3> legacy_names = {"content_type", "id_hash_keys", "dataframe"};

bool is_field(std::string_view name) {
  return std::ranges::find(field_names, name) != field_names.end() ||
         std::ranges::find(legacy_names, name) != legacy_names.end();
}

/// Haystack's: the hash of the fields as Python prints them, among them "None" for a field that no longer exists.
std::string make_id(const DocumentFields& fields) {
  const auto text = [](const auto& field) { return python_str(to_value(field)); };
  return sha256((fields.content.value_or("").empty() ? "None" : *fields.content) + "None" +
                (fields.blob ? python_bytes(fields.blob->data) : "None") +
                (fields.blob ? text(fields.blob->mime_type) : "None") + text(fields.meta) + text(fields.embedding) +
                (fields.sparse_embedding ? python_str(fields.sparse_embedding->to_dict()) : ""));
}

template <class T>
Value dict_or_null(const std::optional<T>& object) {
  return object ? object->to_dict() : Value();
}

}  // namespace

Document::Document(DocumentFields fields) : DocumentFields(std::move(fields)) {
  if (id.empty()) id = make_id(*this);
}

Value::Object Document::attributes() const {
  return {{"id", id},
          {"content", to_value(content)},
          {"blob", to_value(blob)},
          {"meta", meta},
          {"score", to_value(score)},
          {"embedding", to_value(embedding)},
          {"sparse_embedding", to_value(sparse_embedding)}};
}

Value Document::to_dict(bool flatten) const {
  auto fields = attributes();
  fields.set("blob", dict_or_null(blob));
  fields.set("sparse_embedding", dict_or_null(sparse_embedding));
  if (!flatten) return fields;
  fields.erase("meta");
  auto flat = meta;
  for (const auto& [name, value] : fields) flat.set(name, value);
  return flat;
}

Document Document::from_dict(const Value& dict) {
  const DictFields from(class_name, dict);
  DocumentFields fields;
  if (const Value* content = dict.find("content"); content != nullptr && !content->is_null() && !content->is_string())
    throw std::invalid_argument("The `content` field must be a string or None.");
  if (const Value* id = dict.find("id"); id != nullptr && !id->is_null()) from.read("id", fields.id);
  from.read("content", fields.content);
  from.read("blob", fields.blob);
  from.read("meta", fields.meta);
  from.read("score", fields.score);
  from.read("embedding", fields.embedding);
  from.read("sparse_embedding", fields.sparse_embedding);

  const bool has_meta = !fields.meta.empty();
  for (const auto& [name, value] : dict.as_object()) {
    if (is_field(name)) continue;
    if (has_meta)
      throw std::invalid_argument(
          "You can pass either the 'meta' parameter or flattened metadata keys as keyword arguments, but currently "
          "you're passing both. Pass either the 'meta' parameter or flattened metadata keys.");
    fields.meta.set(name, value);
  }
  return fields;
}

}  // namespace berth
