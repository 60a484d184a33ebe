#include "berth/sentence_transformers_text_embedder.h"

#include <utility>

#include "component/encoder_defaults.h"
#include "component/sentence_embedding.h"

namespace berth {

SentenceTransformersTextEmbedder::SentenceTransformersTextEmbedder(Parameters given)
    : EncoderComponent(type_name, with_encoder_defaults(std::move(given))) {}

void SentenceTransformersTextEmbedder::run(Run& run) {
  const auto& own = parameters();
  const std::vector<std::string> texts = {own.prefix + run.get(text_) + own.suffix};
  const SentenceOptions options{.max_tokens = local().max_tokens(),
                                .truncate_dim = own.truncate_dim,
                                .normalize = own.normalize_embeddings,
                                .precision = own.precision,
                                .encode_kwargs = own.encode_kwargs.value_or(Value::Object{})};
  run.set(embedding_, embed_sentences(encoder(run.context()), texts, options, run.context()).front());
}

}  // namespace berth
