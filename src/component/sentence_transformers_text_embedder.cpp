#include "berth/sentence_transformers_text_embedder.h"

#include <utility>

#include "component/encoder_defaults.h"
#include "component/sentence_embedding.h"
#include "component/typed_input.h"

namespace berth {
namespace {

constexpr std::string_view no_text_to_embed =
    "SentenceTransformersTextEmbedder expects a string as input."
    "In case you want to embed a list of Documents, please use the SentenceTransformersDocumentEmbedder.";

}  // namespace

SentenceTransformersTextEmbedder::SentenceTransformersTextEmbedder(Parameters given)
    : EncoderComponent(type_name, with_encoder_defaults(std::move(given))) {}

Value::Object SentenceTransformersTextEmbedder::init_parameters() const {
  auto all = EncoderComponent::init_parameters();
  leave_out_of_haystack_2(all, "quantization_ranges", Value());
  return all;
}

void SentenceTransformersTextEmbedder::run(Run& run) {
  const auto& own = parameters();
  const std::vector<std::string> texts = {own.prefix + text_input(run, text_, no_text_to_embed) + own.suffix};
  const SentenceOptions options{.max_tokens = local().max_tokens(),
                                .truncate_dim = own.truncate_dim,
                                .normalize = own.normalize_embeddings,
                                .precision = own.precision,
                                .encode_kwargs = own.encode_kwargs.value_or(Value::Object{}),
                                .quantization_ranges = own.quantization_ranges};
  run.set(embedding_, embed_sentences(encoder(run.context()), texts, options, run.context()).front());
}

}  // namespace berth
