#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "berth/encoder.h"
#include "berth/error.h"
#include "engine/encoder_here.h"
#include "engine/host/recovering_encoder.h"
#include "engine/transformer_folder.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/encoder/load.h"
#include "engine/llama/load_encoder.h"
#include "model/is_gguf.h"
#endif

namespace berth {
namespace {

constexpr std::array<std::string_view, 4> precisions = {"float32", "float16", "bfloat16", "int8"};

}  // namespace

std::string_view to_string(Precision precision) { return precisions[static_cast<std::size_t>(precision)]; }

Precision precision_from_str(std::string_view text) {
  for (std::size_t i = 0; i < precisions.size(); ++i)
    if (text == precisions[i]) return static_cast<Precision>(i);
  throw std::invalid_argument(
      fmt::format("Unknown precision '{}'; known are float32, float16, bfloat16 and int8", std::string(text)));
}

std::string_view to_string(EncoderTask task) {
  constexpr std::array<std::string_view, 5> names = {"none", "sequence_classification", "token_classification",
                                                     "question_answering", "masked_lm"};
  return names[static_cast<std::size_t>(task)];
}

std::string_view to_string(EncoderOutput output) {
  constexpr std::array<std::string_view, 4> names = {"hidden_states", "pooler_output", "embedding", "logits"};
  return names[static_cast<std::size_t>(output)];
}

std::span<const float> EncodedTensor::row(std::size_t index) const {
  if (index >= rows()) throw std::out_of_range(fmt::format("There is no row {} among {}", index, rows()));
  return std::span(values).subspan(index * width(), width());
}

Encoding EncoderModel::tokenize(const EncodeInput&, const Truncation&) const {
  throw std::invalid_argument(fmt::format(
      "'{}' holds no vocabulary: its texts become tokens by the tokenizer beside it (TextEncoder, Tokenizer::load())",
      info().path.string()));
}

#ifndef BERTH_WITH_LLAMA
[[noreturn]] static void fail_without_ggml(const EncoderRequest& request) {
  throw EngineError("encoder", request.device.str(), "this build has no ggml: build it with -DBERTH_LLAMA=ON");
}
#endif

std::shared_ptr<const EncoderModel> load_encoder_here(const EncoderRequest& request, const LoadContext& context) {
#ifdef BERTH_WITH_LLAMA
  return model::is_gguf(request.model) ? llama::load_encoder(request, context) : encoder::load(request, context);
#else
  (void)context;
  fail_without_ggml(request);
#endif
}

std::vector<DeviceUse> encoder_memory_here(const EncoderRequest& request, const EncoderUse& use) {
#ifdef BERTH_WITH_LLAMA
  return model::is_gguf(request.model) ? llama::encoder_memory(request, use) : encoder::memory(request, use);
#else
  (void)use;
  fail_without_ggml(request);
#endif
}

std::shared_ptr<const EncoderModel> load_encoder(const EncoderRequest& request, const LoadContext& context) {
  if (host::endpoints_of(request.keys).empty()) return load_encoder_here(request, context);
  return std::make_shared<host::RecoveringEncoder>(request, context);
}

std::filesystem::path transformer_folder(const std::filesystem::path& model) {
#ifdef BERTH_WITH_LLAMA
  return model::is_gguf(model) ? model.parent_path() : encoder::transformer_folder(model);
#else
  return model;
#endif
}

std::vector<DeviceUse> memory_of(const EncoderRequest& request, const EncoderUse& use) {
  if (host::endpoints_of(request.keys).empty()) return encoder_memory_here(request, use);
  return host::encoder_memory_there(request, use);
}

}  // namespace berth
