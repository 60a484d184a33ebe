#include "engine/llama/check_model.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "berth/error.h"
#include "model/encoder_decoder.h"
#include "plan/placement/placed_layers.h"
#include "text/printable.h"

namespace berth::llama {
namespace {

[[noreturn]] void refuse_model(const ModelProfile& profile, const Device& device, std::string_view problem) {
  throw EngineError("llama.cpp", device.str(), fmt::format("'{}' {}", profile.path.string(), problem));
}

bool has_tensor(const ModelProfile& profile, std::string_view name) {
  return std::ranges::find(profile.tensors, name, &TensorInfo::name) != profile.tensors.end();
}

/// A draft is no model by itself.
void check_no_draft(const ModelProfile& profile, const Device& device) {
  if (profile.architecture == "eagle3" || profile.architecture == "dflash")
    refuse_model(profile, device,
                 fmt::format("is a draft of another model ({}) and computes no text by itself; load that other model",
                             profile.architecture));
}

/// llama.cpp looks at the distances of the first layers without asking whether they are there, and at heads of one size.
void check_encoder_decoder(const ModelProfile& profile, const Device& device) {
  for (const auto* name : {"enc.blk.0.attn_rel_b.weight", "dec.blk.0.attn_rel_b.weight"})
    if (!has_tensor(profile, name))
      refuse_model(profile, device, fmt::format("has no tensor {}: the file is damaged", name));
  const auto buckets = number_of(profile, "attention.relative_buckets_count", 0);
  if (buckets < 4 || buckets > 4096)
    refuse_model(
        profile, device,
        fmt::format("says that it has {} buckets of distances (t5.attention.relative_buckets_count); 4 to 4096 "
                    "can be run",
                    buckets));
  const auto layers = static_cast<std::int64_t>(profile.block_count.value_or(0));
  if (const auto decoded = number_of(profile, "decoder_block_count", layers); decoded < 1 || decoded > layers)
    refuse_model(
        profile, device,
        fmt::format("says that its decoder has {} layers and its encoder {}; llama.cpp runs decoders of at most "
                    "as many layers",
                    decoded, layers));
  for (const auto& layer : profile.layers)
    if (layer.key_length != layer.value_length)
      refuse_model(
          profile, device,
          fmt::format("has keys of {} and values of {} elements; llama.cpp runs encoder-decoder models with keys "
                      "and values of one size",
                      layer.key_length, layer.value_length));
}

/// ggml asserts that what a norm adds is no negative number.
void check_norms(const ModelProfile& profile, const Device& device) {
  for (const auto* name : {"layer_norm_epsilon", "layer_norm_rms_epsilon", "group_norm_epsilon"}) {
    const auto key = fmt::format("{}.attention.{}", profile.architecture, name);
    const Value* value = profile.metadata.find(key);
    if (value == nullptr || !value->is_number()) continue;
    const auto epsilon = value->as_double();
    if (!(epsilon >= 0) || !std::isfinite(epsilon))
      refuse_model(profile, device, fmt::format("says {} of its norms ({}); 0 or more can be run", epsilon, key));
  }
}

/// llama.cpp asserts that a layer looks through the window that a file of Gemma has.
void check_windows(const ModelProfile& profile, const Device& device) {
  const auto window = number_of(profile, "attention.sliding_window", 0);
  const bool is_used = std::ranges::any_of(profile.layers, [](const auto& layer) { return layer.window > 0; });
  if (profile.architecture.starts_with("gemma") && window > 0 && !is_used)
    refuse_model(profile, device,
                 fmt::format("has a sliding window of {} tokens ({}.attention.sliding_window) and no layer that looks "
                             "through it: leave one out, or convert the model by 'berth gguf'",
                             window, profile.architecture));
}

}  // namespace

void check_profile(const ModelProfile& profile, const Device& device) {
  if (profile.format != "gguf") {
    throw EngineError(
        "llama.cpp", device.str(),
        fmt::format(
            "'{}' is a model in {}, and GGUF files can be run. Get its GGUF edition{}", profile.path.string(),
            profile.format,
            profile.format == "safetensors" ? ", or write its folder as GGUF: berth gguf, convert_model()" : ""));
  }
  constexpr std::uint64_t max_layers = 512;
  const auto layers = profile.block_count.value_or(1);
  if (layers == 0 || layers > max_layers)
    throw EngineError(
        "llama.cpp", device.str(),
        fmt::format("'{}' says that it has {} layers; 1 to {} can be run", profile.path.string(), layers, max_layers));
  check_norms(profile, device);
  if (profile.architecture == "t5") check_encoder_decoder(profile, device);
}

std::int64_t number_of(const ModelProfile& profile, std::string_view key, std::int64_t otherwise) {
  const Value* value = profile.metadata.find(fmt::format("{}.{}", profile.architecture, key));
  return value != nullptr && value->is_int() ? value->as_int() : otherwise;
}

void check_generates(const ModelProfile& profile, const Device& device) {
  check_no_draft(profile, device);
  check_windows(profile, device);
  if (!model::sees_both_ways(profile)) return;
  refuse_model(profile, device,
               fmt::format("is an encoder ({}): it reads a text and writes none. Its embeddings or scores are given by "
                           "'berth embed' and 'berth rank', embedders and rankers",
                           profile.architecture));
}

void check_encodes(const ModelProfile& profile, const Device& device) {
  check_no_draft(profile, device);
  if (profile.architecture == "wavtokenizer-dec" || profile.architecture == "clip")
    refuse_model(profile, device, fmt::format("is no model of texts ({})", profile.architecture));
  const auto pooling = number_of(profile, "pooling_type", 0);
  if (pooling < -1 || pooling > LLAMA_POOLING_TYPE_RANK)
    refuse_model(
        profile, device,
        fmt::format("names the pooling {} ({}.pooling_type), which is not known; 0 (none), 1 (mean), 2 (cls), 3 "
                    "(last) and 4 (rank) are",
                    pooling, profile.architecture));
  if (pooling == LLAMA_POOLING_TYPE_RANK && !has_tensor(profile, "cls.output.weight"))
    refuse_model(profile, device, "is a ranker without the weights of its scores (cls.output.weight): convert it anew");
  if (has_tensor(profile, "dense_2.weight") && !has_tensor(profile, "dense_3.weight") &&
      profile.architecture.starts_with("gemma"))
    refuse_model(profile, device, "has the first of two dense layers and lacks the second (dense_3.weight)");
  if (!model::sees_both_ways(profile)) return;
  for (const auto& layer : profile.layers)  // llama.cpp asserts it
    if (layer.attention && layer.key_length != layer.value_length)
      refuse_model(
          profile, device,
          fmt::format("has keys of {} and values of {} elements; llama.cpp runs encoders with keys and values of "
                      "one size",
                      layer.key_length, layer.value_length));
}

void check_layers(const ModelProfile& profile, const Placement& placement) {
  const int layers = plan::layer_count(profile);
  const auto gap = plan::first_gap(placement, layers);
  if (gap && gap->run)
    throw std::invalid_argument(
        fmt::format("The placement has a run of {} layers from layer {} on, where one from layer {} on was to come; "
                    "'{}' has {} layers. It is of another model, or was edited",
                    gap->run->count, gap->run->first, gap->expected, profile.path.filename().string(), layers));
  if (gap)
    throw std::invalid_argument(fmt::format("The placement has {} layers, and '{}' has {}: it is of another model",
                                            gap->expected, profile.path.filename().string(), layers));
  for (const auto& [name, device] : placement.tensors)
    if (std::ranges::find(profile.tensors, name, &TensorInfo::name) == profile.tensors.end())
      throw std::invalid_argument(fmt::format("The placement names the tensor {}, which '{}' does not have",
                                              in_quotes(name), profile.path.filename().string()));
}

}  // namespace berth::llama
