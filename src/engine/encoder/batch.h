/// The computation of one request.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <stop_token>
#include <vector>

#include "berth/encoder.h"
#include "engine/encoder/lane.h"
#include "engine/encoder/model.h"
#include "engine/encoder/pack.h"

namespace berth::encoder {

/// Operations and inputs that a graph over `pack` has at most.
std::size_t graph_size(const Sizes& sizes, const Pack& pack);

/// What a graph gives; nullptr: not asked for.
struct OutputTensors {
  ggml_tensor* states = nullptr;  ///< [hidden, tokens]
  ggml_tensor* logits = nullptr;
  ggml_tensor* pooler = nullptr;
};

/// Adds the whole computation of `pack`. The model has to have what is asked for.
OutputTensors add_outputs(Graph& graph, const Parts& parts, const Pack& pack,
                          const std::vector<EncoderOutput>& outputs);

/// Computes the packs of a request in as many lanes as are free, the first of them on the calling thread.
class Batch {
 public:
  Batch(const Model& model, const Parts& parts, LanePool& lanes, const EncodeRequest& request,
        const EncodeContext& context);

  EncodeResult run(std::size_t pack_tokens);

 private:
  bool wants(EncoderOutput output) const;
  void make_room();
  /// Computes packs until there are none; `reports` on the thread that may call the caller back.
  void work(Lane& lane, int threads, bool reports) noexcept;
  void compute(Lane& lane, const Pack& pack, int threads);
  void scatter(const Pack& pack, const std::vector<float>& rows, EncodedTensor& to, bool by_token) const;
  void embed(const Pack& pack, const std::vector<float>& rows);
  void fail(std::exception_ptr problem);

  const Model& model_;
  const Parts& parts_;
  LanePool& lanes_;
  const EncodeRequest& request_;
  const EncodeContext& context_;
  EncodeResult result_;
  std::vector<Pack> packs_;
  std::stop_source stop_;  // of this request: the caller's, or where a pack failed
  std::atomic<std::size_t> next_pack_ = 0;
  std::atomic<std::size_t> tokens_done_ = 0;
  std::mutex problem_mutex_;
  std::exception_ptr problem_;
};

}  // namespace berth::encoder
