/// Several residual streams beside each other, which each part of a layer mixes anew (deepseek4, glm5-next).
#pragma once

#include <string>

#include "plan/memory/model_graph.h"

namespace berth::plan {

inline constexpr std::uint64_t most_residual_streams = 64;  // the engine takes 4

class HyperConnections {
 public:
  explicit HyperConnections(ModelGraph& model);

  std::uint64_t count() const { return count_; }
  /// The streams {width, count, tokens} of the embeddings {width, tokens}.
  TensorId split(TensorId a);

  /// How a part of a layer takes the streams together, and gives its result back to them.
  struct Mix {
    TensorId input = no_tensor;  ///< of the part: {width, tokens}
    TensorId post = no_tensor;
    TensorId combination = no_tensor;
  };
  Mix mix(TensorId streams, std::size_t layer, const std::string& part);  ///< "attn", "ffn"
  TensorId give_back(TensorId result, TensorId streams, const Mix& mix, std::size_t layer);
  /// The streams of the outputs, taken together by the weights of the output.
  TensorId join(TensorId streams);

 private:
  TensorId column(TensorId a, std::uint64_t elements);
  TensorId affine(TensorId a, TensorId scale, TensorId base);
  TensorId weighted_sum(TensorId streams, TensorId weights);
  TensorId balanced(TensorId a);  ///< rows and columns that each sum up to one, after some rounds

  ModelGraph& m_;
  TensorGraph& g_;
  std::uint64_t count_;
};

}  // namespace berth::plan
