/// Scores of the distances between tokens: products of queries, or of keys, with embeddings of the distances.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "engine/encoder/attention.h"

namespace berth::encoder {

/// Which row of the table of distances stands for a distance, query less key.
struct DistanceRows {
  std::int64_t middle = 0;        ///< the row of 0
  std::int64_t last = 0;          ///< of larger distances too
  std::int64_t buckets = 0;       ///< DeBERTa's; 0: each distance has a row
  std::int64_t max_distance = 0;  ///< that buckets tell from larger ones

  std::int64_t row(std::int64_t distance) const;
};

class DistanceTerms : public ScoreTerms {
 public:
  ggml_tensor* add_to(ggml_tensor* scores, ggml_tensor* query, ggml_tensor* key, const Piece& piece) override;

 protected:
  /// The embeddings have `heads` parts, one after the other; 1: all heads have the same.
  DistanceTerms(Graph& graph, const Pack& pack, const DistanceRows& rows, std::int64_t heads);

  Graph& graph() const { return graph_; }
  /// The rows of `table` for the distances that occur in the pack; only these have to be computed with.
  ggml_tensor* occurring(ggml_tensor* table) const;
  /// What the queries and the keys of the layers from here on are multiplied with, made of occurring(); nullptr: nothing.
  void set(ggml_tensor* for_queries, ggml_tensor* for_keys);

 private:
  enum class Order { falling, rising };

  ggml_tensor* distances_of(const Piece& piece, Order order);
  ggml_tensor* by_head(ggml_tensor* rows, const Piece& piece, Order order);
  ggml_tensor* shifted(ggml_tensor* products, std::int64_t width, std::int64_t rows, std::int64_t distances,
                       std::int64_t start);

  Graph& graph_;
  DistanceRows rows_;
  std::int64_t heads_;
  std::int64_t first_row_ = 0;
  std::int64_t row_count_ = 0;
  ggml_tensor* for_queries_ = nullptr;
  ggml_tensor* for_keys_ = nullptr;
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, Order>, ggml_tensor*> indices_;
};

}  // namespace berth::encoder
