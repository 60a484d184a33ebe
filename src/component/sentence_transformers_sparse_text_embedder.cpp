#include "berth/sentence_transformers_sparse_text_embedder.h"

#include <utility>

#include "component/encoder_defaults.h"
#include "component/sentence_embedding.h"

namespace berth {

SentenceTransformersSparseTextEmbedder::SentenceTransformersSparseTextEmbedder(Parameters given)
    : EncoderComponent(type_name, with_encoder_defaults(std::move(given))) {}

void SentenceTransformersSparseTextEmbedder::warm_up(const CallContext& context) { check_sparse(encoder(context)); }

void SentenceTransformersSparseTextEmbedder::run(Run& run) {
  const auto& own = parameters();
  const std::vector<std::string> texts = {own.prefix + run.get(text_) + own.suffix};
  run.set(embedding_, embed_sparsely(encoder(run.context()), texts, local().max_tokens(), run.context()).front());
}

}  // namespace berth
