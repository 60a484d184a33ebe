/// How many tokens and sequences of an encoder llama.cpp computes at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "berth/context_spec.h"
#include "berth/encoder.h"
#include "berth/model.h"

namespace berth::llama {

/// Sequences that are computed together.
struct Batches {
  std::vector<std::size_t> order;  ///< of all, longest first: the context is made once, and batches are even
  std::vector<std::size_t> ends;   ///< of each batch, in `order`
};

/// How sequences of a model are computed.
struct EncoderBatches {
  bool whole = false;           ///< a sequence has to be computed at once
  std::size_t tokens = 0;       ///< computed at a time, where no sequence that has to be whole is longer
  std::size_t sequences = 0;    ///< in one batch, at most
  std::size_t most_tokens = 0;  ///< of a sequence

  EncoderBatches(const ModelProfile& profile, const ComponentDevice& device);

  /// What is needed for sequences of up to `longest` tokens.
  ContextSpec context(std::size_t longest) const;

  Batches divide(const EncodeRequest& request) const;
};

}  // namespace berth::llama
