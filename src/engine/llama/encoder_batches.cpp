#include "engine/llama/encoder_batches.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>

#include "engine/llama/check_model.h"
#include "model/encoder_decoder.h"
#include "plan/device_budgets.h"

namespace berth::llama {
namespace {

// llama.cpp makes room for the scores of all words for each token of a batch, also where they are not computed.
constexpr std::size_t score_bytes_on_cpu = 64 << 20;
constexpr std::size_t score_bytes_on_devices = 256 << 20;
constexpr std::size_t least_batch = 64;
constexpr std::size_t most_batch = 512;
constexpr std::size_t most_sequences = 64;

bool any_on_devices(const ComponentDevice& device) {
  if (const auto* single = device.single()) return plan::is_accelerator(*single);
  return std::ranges::any_of(*device.multiple(), [](const auto& entry) { return plan::is_accelerator(entry.second); });
}

}  // namespace

EncoderBatches::EncoderBatches(const ModelProfile& profile, const ComponentDevice& device) {
  whole = model::sees_both_ways(profile) || model::is_encoder_decoder(profile);
  const auto room = any_on_devices(device) ? score_bytes_on_devices : score_bytes_on_cpu;
  tokens = std::clamp(room / sizeof(float) / std::max<std::size_t>(profile.vocabulary_size.value_or(1), 1), least_batch,
                      most_batch);
  sequences = std::ranges::any_of(profile.layers, &LayerProfile::recurrent) ? 1 : most_sequences;
  most_tokens = std::min<std::size_t>(profile.context_length.value_or(0), std::numeric_limits<std::int32_t>::max());
}

ContextSpec EncoderBatches::context(std::size_t longest) const {
  const auto room = std::min(std::bit_ceil(longest), std::max(most_tokens, longest));
  const auto batch = whole ? std::max(tokens, room) : tokens;
  return {.n_ctx = static_cast<int>(std::max(batch, room)),
          .n_seq = static_cast<int>(sequences),
          .n_batch = static_cast<int>(batch),
          .n_ubatch = static_cast<int>(batch),
          .unified = true};
}

Batches EncoderBatches::divide(const EncodeRequest& request) const {
  Batches batches;
  batches.order.resize(request.token_ids.size());
  std::iota(batches.order.begin(), batches.order.end(), std::size_t{0});
  const auto length = [&](std::size_t i) { return request.token_ids[i].size(); };
  std::ranges::stable_sort(batches.order, std::ranges::greater(), length);
  std::size_t sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < batches.order.size(); ++i) {
    if (count > 0 && (sum + length(batches.order[i]) > tokens || count == sequences)) {
      batches.ends.push_back(i);
      sum = count = 0;
    }
    sum += length(batches.order[i]);
    ++count;
  }
  if (count > 0) batches.ends.push_back(batches.order.size());
  return batches;
}

}  // namespace berth::llama
