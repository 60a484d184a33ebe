/// Encoders in GGUF files: llama.cpp computes the states of tokens, which are pooled here, and the scores of rankers.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "berth/encoder.h"
#include "berth/model.h"
#include "engine/encoder/sentence_modules.h"
#include "engine/llama/encoder_batches.h"
#include "engine/llama/llama_model.h"
#include "engine/turns.h"

namespace berth::llama {

/// One call computes at a time, on all cores; the others wait.
class LlamaEncoder final : public EncoderModel {
 public:
  LlamaEncoder(std::shared_ptr<const LlamaModel> model, const ModelProfile& profile, const EncoderBatches& batches);
  ~LlamaEncoder() override;

  const EncoderInfo& info() const override { return info_; }
  EncodeResult encode(const EncodeRequest& request, const EncodeContext& context) const override;
  Encoding tokenize(const EncodeInput& input, const Truncation& truncation) const override;
  std::vector<DeviceUse> memory() const override { return model_->memory(); }
  const OrderedMap<Device>& placement() const override { return placement_; }

  /// Whether the last call ended its computations before the scores of all words.
  bool skips_scores() const { return skips_scores_; }

 private:
  void set_scores();
  void prepare_context(std::size_t longest) const;
  void compute(const EncodeRequest& request, std::span<const std::size_t> sequences, EncodeResult& result) const;
  void decode(std::span<llama_token> tokens, std::span<llama_pos> positions, std::span<llama_seq_id> sequences) const;
  void read_states(const EncodeRequest& request, std::span<const std::size_t> sequences, std::span<const float> states,
                   EncodeResult& result) const;
  void read_scores(std::span<const std::size_t> sequences, EncodeResult& result) const;
  void check_numbers(std::span<const float> numbers) const;

  std::shared_ptr<const LlamaModel> model_;
  EncoderInfo info_;
  EncoderBatches batches_;
  bool ranks_ = false;
  bool answers_yes_ = false;  // the scores are the probabilities of yes and no
  encoder::Pooling pooling_;
  OrderedMap<Device> placement_;
  mutable Turns turns_;
  mutable bool skips_scores_ = false;  // of the context
  mutable ContextHandle context_;
  mutable std::stop_token stop_;  // of the call that runs
};

}  // namespace berth::llama
