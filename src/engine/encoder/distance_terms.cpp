#include "engine/encoder/distance_terms.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace berth::encoder {
namespace {

/// make_log_bucket_position of transformers' modeling_deberta_v2.py, in float32 as there.
std::int64_t log_bucket(std::int64_t distance, std::int64_t buckets, std::int64_t max_distance) {
  const auto middle = buckets / 2;
  const auto far = std::abs(distance);
  if (buckets == 0 || far <= middle) return distance;
  if (max_distance - 1 == middle) return -buckets;  // what is left of the division by 0 there
  const auto share = std::log(static_cast<float>(far) / static_cast<float>(middle)) /
                     std::log(static_cast<float>(static_cast<double>(max_distance - 1) / static_cast<double>(middle)));
  const auto log_far = static_cast<std::int64_t>(std::ceil(share * static_cast<float>(middle - 1))) + middle;
  return distance < 0 ? -log_far : log_far;
}

}  // namespace

std::int64_t DistanceRows::row(std::int64_t distance) const {
  return std::clamp<std::int64_t>(log_bucket(distance, buckets, max_distance) + middle, 0, last);
}

DistanceTerms::DistanceTerms(Graph& graph, const Pack& pack, const DistanceRows& rows, std::int64_t heads)
    : graph_(graph), rows_(rows), heads_(heads) {
  const auto farthest = pack.groups.front().length - 1;
  auto last = first_row_ = rows.row(0);
  // In most models the ends have the farthest rows, but not where there are more buckets than distances.
  for (auto distance = -farthest; distance <= farthest; ++distance) {
    first_row_ = std::min(first_row_, rows.row(distance));
    last = std::max(last, rows.row(distance));
  }
  row_count_ = last - first_row_ + 1;
}

ggml_tensor* DistanceTerms::occurring(ggml_tensor* table) const {
  return ggml_view_2d(graph_.context(), table, table->ne[0], row_count_, table->nb[1],
                      static_cast<std::size_t>(first_row_) * table->nb[1]);
}

void DistanceTerms::set(ggml_tensor* for_queries, ggml_tensor* for_keys) {
  for_queries_ = for_queries;
  for_keys_ = for_keys;
}

/// The products with all distances of a piece have one row for each token, in which the distances stand in their
/// order; what belongs to the next token stands one place further. A view with rows that are one shorter has the
/// scores in their places.
ggml_tensor* DistanceTerms::add_to(ggml_tensor* scores, ggml_tensor* query, ggml_tensor* key, const Piece& piece) {
  auto* context = graph_.context();
  const auto distances = piece.keys + piece.queries - 1;
  if (for_queries_ != nullptr) {
    auto* products = ggml_mul_mat(context, by_head(for_queries_, piece, Order::falling), query);
    scores = ggml_add(context, scores, shifted(products, piece.keys, piece.queries, distances, piece.queries - 1));
  }
  if (for_keys_ != nullptr) {
    auto* products = ggml_mul_mat(context, by_head(for_keys_, piece, Order::rising), key);
    auto* by_key = shifted(products, piece.queries, piece.keys, distances, piece.keys - 1);
    scores = ggml_add(context, scores, ggml_cont(context, ggml_permute(context, by_key, 1, 0, 2, 3)));
  }
  return scores;
}

/// The distances of a piece, as indices into occurring().
ggml_tensor* DistanceTerms::distances_of(const Piece& piece, Order order) {
  auto& known = indices_[{piece.first_query, piece.queries, piece.keys, order}];
  if (known != nullptr) return known;
  std::vector<std::int32_t> rows;
  for (auto distance = piece.first_query - (piece.keys - 1); distance < piece.first_query + piece.queries; ++distance)
    rows.push_back(static_cast<std::int32_t>(rows_.row(distance) - first_row_));
  if (order == Order::falling) std::ranges::reverse(rows);
  known = graph_.indices(std::move(rows));
  return known;
}

/// [head size, distances, heads]
ggml_tensor* DistanceTerms::by_head(ggml_tensor* rows, const Piece& piece, Order order) {
  auto* context = graph_.context();
  auto* ordered = graph_.rows(rows, distances_of(piece, order));
  auto* split = ggml_reshape_3d(context, ordered, ordered->ne[0] / heads_, heads_, ordered->ne[1]);
  return ggml_cont(context, ggml_permute(context, split, 0, 2, 1, 3));
}

ggml_tensor* DistanceTerms::shifted(ggml_tensor* products, std::int64_t width, std::int64_t rows,
                                    std::int64_t distances, std::int64_t start) {
  const auto bytes = [](std::int64_t count) { return static_cast<std::size_t>(count) * sizeof(float); };
  return ggml_view_4d(graph_.context(), products, width, rows, products->ne[2], products->ne[3],
                      bytes(std::max<std::int64_t>(distances - 1, 1)), products->nb[2], products->nb[3], bytes(start));
}

}  // namespace berth::encoder
