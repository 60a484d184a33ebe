/// Attention of each sequence of a pack to itself.
#pragma once

#include <cstdint>
#include <typeinfo>
#include <vector>

#include "engine/encoder/graph.h"
#include "engine/encoder/pack.h"

namespace berth::encoder {

/// Queries of a group that are computed at once, and the keys that they attend to; places within each sequence.
struct Piece {
  const Group* group = nullptr;
  std::int64_t first_query = 0, queries = 0;
  std::int64_t first_key = 0, keys = 0;
};

/// What an architecture adds to the scores of queries and keys. One object serves one graph.
class ScoreTerms {
 public:
  virtual ~ScoreTerms() = default;

  /// Nothing is added and each query attends to all keys.
  virtual bool are_none() const { return typeid(*this) == typeid(ScoreTerms); }

  /// Told before the attention of each layer.
  virtual void enter_layer(std::size_t) {}
  /// Keys before and after a query that it attends to at most; 0: all.
  virtual std::int64_t window() const { return 0; }
  /// Added after the scaling: [keys, queries, 1 or heads], or nullptr.
  virtual ggml_tensor* mask(const Piece&) { return nullptr; }
  /// Added before the scaling to `scores` [keys, queries, heads, sequences]; `query` and `key` are
  /// [head size, queries or keys, heads, sequences].
  virtual ggml_tensor* add_to(ggml_tensor* scores, ggml_tensor*, ggml_tensor*, const Piece&) { return scores; }
};

/// The pieces of a pack, so that no matrix of scores takes more than `most_score_bytes`.
std::vector<Piece> pieces_of(const Pack& pack, std::int64_t heads, std::int64_t window);

/// How many operations attend() adds for a piece at most, the terms included.
inline constexpr std::size_t operations_of_piece = 40;

struct AttentionInputs {
  /// [hidden, tokens]; no view where there are terms: results may take its place
  ggml_tensor* query = nullptr;
  ggml_tensor* key = nullptr;
  ggml_tensor* value = nullptr;
  std::int64_t heads = 0;
  float scale = 1;
};

/// The output layer of softmax(scale (query key + terms)) value.
ggml_tensor* attend(Graph& graph, const AttentionInputs& inputs, const Linear& output, const Pack& pack,
                    ScoreTerms& terms);

}  // namespace berth::encoder
