#include "berth/sentence_transformers_sparse_document_embedder.h"

#include <utility>

#include "component/document_text.h"
#include "component/encoder_defaults.h"
#include "component/sentence_embedding.h"
#include "component/typed_input.h"

namespace berth {
namespace {

constexpr std::string_view no_documents_to_embed_sparsely =
    "SentenceTransformersSparseDocumentEmbedder expects a list of Documents as input."
    "In case you want to embed a list of strings, please use the SentenceTransformersSparseTextEmbedder.";

}  // namespace

SentenceTransformersSparseDocumentEmbedder::SentenceTransformersSparseDocumentEmbedder(Parameters given)
    : EncoderComponent(type_name, with_encoder_defaults(std::move(given))) {}

void SentenceTransformersSparseDocumentEmbedder::warm_up(const CallContext& context) { check_sparse(encoder(context)); }

void SentenceTransformersSparseDocumentEmbedder::run(Run& run) {
  const auto& own = parameters();
  auto documents = documents_input(run, given_, no_documents_to_embed_sparsely);
  std::vector<std::string> texts;
  for (const auto& each : documents)
    texts.push_back(own.prefix + text_of(each, *own.meta_fields_to_embed, own.embedding_separator) + own.suffix);
  auto embeddings = embed_sparsely(encoder(run.context()), texts, local().max_tokens(), run.context());
  for (std::size_t i = 0; i < documents.size(); ++i) documents[i].sparse_embedding = std::move(embeddings[i]);
  run.set(documents_, std::move(documents));
}

}  // namespace berth
