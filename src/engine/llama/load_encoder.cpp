#include "engine/llama/load_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "berth/memory.h"
#include "berth/model.h"
#include "engine/llama/check_model.h"
#include "engine/llama/llama_encoder.h"
#include "engine/llama/llama_engine.h"

namespace berth::llama {
namespace {

std::shared_ptr<const ModelProfile> encoder_profile(const EncoderRequest& request, const LoadContext& context) {
  return context.profile ? context.profile : std::make_shared<const ModelProfile>(read_model(request.model));
}

}  // namespace

std::shared_ptr<const EncoderModel> load_encoder(const EncoderRequest& request, const LoadContext& context) {
  auto with_profile = context;
  with_profile.profile = encoder_profile(request, context);
  const auto model =
      load_model({.model = request.model, .device = request.device, .keys = request.keys}, with_profile, check_encodes);
  if (context.log && request.precision != Precision::float32)
    context.log(LogLevel::warning,
                fmt::format("'{}' is computed in the types that it holds, not in {}: take another file of the model",
                            request.model.string(), to_string(request.precision)));
  if (context.log &&
      number_of(*with_profile.profile, "pooling_type", LLAMA_POOLING_TYPE_NONE) <= LLAMA_POOLING_TYPE_NONE)
    context.log(LogLevel::warning,
                fmt::format("'{}' names no pooling, as models for embeddings do: the mean over its tokens is taken",
                            request.model.string()));
  return std::make_shared<LlamaEncoder>(model, *with_profile.profile,
                                        EncoderBatches(*with_profile.profile, request.device));
}

std::vector<DeviceUse> encoder_memory(const EncoderRequest& request, const EncoderUse& use) {
  const auto profile = encoder_profile(request, {});
  check_profile(*profile, Device::cpu());
  check_encodes(*profile, Device::cpu());
  const EncoderBatches batches(*profile, request.device);
  const auto longest = std::clamp<std::size_t>(use.max_tokens.value_or(batches.most_tokens), 1,
                                               std::max<std::size_t>(batches.most_tokens, 1));
  const auto context = batches.context(longest);
  auto uses =
      berth::memory_of(*profile, placement_of(*profile, request.device), context, {.embeddings = true, .runs = true});
  const auto is_host = [](const DeviceUse& each) { return each.device == Device::cpu(); };
  std::ranges::stable_partition(uses, is_host);
  for (auto& each : uses) {
    if (const auto* key = request.keys.find(each.device.str()); key != nullptr && !is_host(each)) each.key = *key;
    each.pool = is_host(each) ? "ram" : each.key.pool;
  }
  // Each token of a batch has a row there, not only each sequence.
  const auto width = profile->vocabulary_size.value_or(0) + profile->embedding_length.value_or(0);
  uses.front().compute += static_cast<std::uint64_t>(context.n_batch) * width * sizeof(float);
  return uses;
}

}  // namespace berth::llama
