#include "berth/sparse_embedding.h"

#include <stdexcept>

#include "dataclasses/dict_fields.h"

namespace berth {

Value SparseEmbedding::to_dict() const {
  return Value::Object{{"indices", to_value(indices)}, {"values", to_value(values)}};
}

SparseEmbedding SparseEmbedding::from_dict(const Value& dict) {
  const DictFields fields(class_name, dict, {"indices", "values"});
  SparseEmbedding embedding;
  fields.read_required("indices", embedding.indices);
  fields.read_required("values", embedding.values);
  if (embedding.indices.size() != embedding.values.size())
    throw std::invalid_argument("Length of indices and values must be the same.");
  return embedding;
}

}  // namespace berth
