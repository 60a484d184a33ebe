#include "engine/encoder/attention.h"

#include <algorithm>

namespace berth::encoder {
namespace {

constexpr std::int64_t most_scores = 32 << 20;  // numbers of one piece: 128 MiB
constexpr std::int64_t window_queries = 256;    // of a piece where each query sees a few keys only

std::size_t float_bytes(std::int64_t count) { return static_cast<std::size_t>(count) * sizeof(float); }

/// The tokens `first` to `first + count` of each sequence of the group, as [head size, heads, count, sequences].
ggml_tensor* heads_of(Graph& graph, ggml_tensor* x, const Group& group, std::int64_t first, std::int64_t count,
                      std::int64_t heads) {
  const auto width = x->ne[0];
  return ggml_view_4d(graph.context(), x, width / heads, heads, count, group.count, float_bytes(width / heads),
                      float_bytes(width), float_bytes(width * group.length),
                      float_bytes(width * (group.start + first)));
}

/// [head size, queries, heads, sequences] of one piece.
ggml_tensor* attend_piece(Graph& graph, const AttentionInputs& inputs, const Piece& piece, ScoreTerms& terms) {
  auto* context = graph.context();
  auto* q = heads_of(graph, inputs.query, *piece.group, piece.first_query, piece.queries, inputs.heads);
  auto* k = heads_of(graph, inputs.key, *piece.group, piece.first_key, piece.keys, inputs.heads);
  auto* v = heads_of(graph, inputs.value, *piece.group, piece.first_key, piece.keys, inputs.heads);
  q = ggml_cont(context, ggml_permute(context, q, 0, 2, 1, 3));
  k = ggml_cont(context, ggml_permute(context, k, 0, 2, 1, 3));
  v = ggml_cont(context, ggml_permute(context, v, 1, 2, 0, 3));
  auto* scores = terms.add_to(ggml_mul_mat(context, k, q), q, k, piece);
  scores = ggml_soft_max_ext(context, scores, terms.mask(piece), inputs.scale, 0);
  return ggml_mul_mat(context, v, scores);
}

}  // namespace

std::vector<Piece> pieces_of(const Pack& pack, std::int64_t heads, std::int64_t window) {
  std::vector<Piece> pieces;
  for (const auto& group : pack.groups) {
    const bool sees_all = window == 0 || group.length <= window + 1;
    const auto fitting = most_scores / (group.length * heads * group.count);
    const auto step = sees_all ? std::clamp<std::int64_t>(fitting, 1, group.length) : window_queries;
    for (std::int64_t first = 0; first < group.length; first += step) {
      Piece piece{&group, first, std::min(step, group.length - first), 0, group.length};
      if (!sees_all) {
        piece.first_key = std::max<std::int64_t>(0, first - window);
        piece.keys = std::min(group.length, first + piece.queries + window) - piece.first_key;
      }
      pieces.push_back(piece);
    }
  }
  return pieces;
}

ggml_tensor* attend(Graph& graph, const AttentionInputs& inputs, const Linear& output, const Pack& pack,
                    ScoreTerms& terms) {
  if (terms.are_none())
    if (auto* all = graph.attention(inputs.query, inputs.key, inputs.value, inputs.heads, inputs.scale, pack.groups))
      return graph.linear(output, all);
  auto* context = graph.context();
  const auto width = inputs.query->ne[0];
  const auto pieces = pieces_of(pack, inputs.heads, terms.window());
  if (pieces.size() == 1) {
    auto* result = ggml_permute(context, attend_piece(graph, inputs, pieces.front(), terms), 0, 2, 1, 3);
    return graph.linear(output, ggml_reshape_2d(context, ggml_cont(context, result), width, pack.tokens()));
  }
  // Results take the place of their own queries, which no other piece reads.
  auto* all = graph.writable(inputs.query, output.weight);
  for (const auto& piece : pieces) {
    auto* result = ggml_permute(context, attend_piece(graph, inputs, piece, terms), 0, 2, 1, 3);
    all = graph.write(all, result,
                      {float_bytes(width / inputs.heads), float_bytes(width), float_bytes(width * piece.group->length)},
                      float_bytes(width * (piece.group->start + piece.first_query)));
  }
  return graph.linear(output, all);
}

}  // namespace berth::encoder
