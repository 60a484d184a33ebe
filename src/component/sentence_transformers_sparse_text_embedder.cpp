#include "berth/sentence_transformers_sparse_text_embedder.h"

#include <utility>

#include "component/encoder_defaults.h"
#include "component/sentence_embedding.h"
#include "component/typed_input.h"

namespace berth {
namespace {

constexpr std::string_view no_text_to_embed_sparsely =
    "SentenceTransformersSparseTextEmbedder expects a string as input."
    "In case you want to embed a list of Documents, please use the"
    "SentenceTransformersSparseDocumentEmbedder.";

}  // namespace

SentenceTransformersSparseTextEmbedder::SentenceTransformersSparseTextEmbedder(Parameters given)
    : EncoderComponent(type_name, with_encoder_defaults(std::move(given))) {}

void SentenceTransformersSparseTextEmbedder::warm_up(const CallContext& context) { check_sparse(encoder(context)); }

void SentenceTransformersSparseTextEmbedder::run(Run& run) {
  const auto& own = parameters();
  const std::vector<std::string> texts = {own.prefix + text_input(run, text_, no_text_to_embed_sparsely) + own.suffix};
  run.set(embedding_, embed_sparsely(encoder(run.context()), texts, local().max_tokens(), run.context()).front());
}

}  // namespace berth
