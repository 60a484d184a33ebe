#include "berth/sentence_transformers_document_embedder.h"

#include <utility>

#include "component/document_text.h"
#include "component/encoder_defaults.h"
#include "component/sentence_embedding.h"
#include "component/typed_input.h"

namespace berth {
namespace {

constexpr std::string_view no_documents_to_embed =
    "SentenceTransformersDocumentEmbedder expects a list of Documents as input."
    "In case you want to embed a string, please use the SentenceTransformersTextEmbedder.";

}  // namespace

SentenceTransformersDocumentEmbedder::SentenceTransformersDocumentEmbedder(Parameters given)
    : EncoderComponent(type_name, with_encoder_defaults(std::move(given))) {}

Value::Object SentenceTransformersDocumentEmbedder::init_parameters() const {
  auto all = EncoderComponent::init_parameters();
  leave_out_of_haystack_2(all, "quantization_ranges", Value());
  return all;
}

void SentenceTransformersDocumentEmbedder::run(Run& run) {
  const auto& own = parameters();
  auto documents = documents_input(run, given_, no_documents_to_embed);
  std::vector<std::string> texts;
  for (const auto& each : documents)
    texts.push_back(own.prefix + text_of(each, *own.meta_fields_to_embed, own.embedding_separator) + own.suffix);
  const SentenceOptions options{.max_tokens = local().max_tokens(),
                                .truncate_dim = own.truncate_dim,
                                .normalize = own.normalize_embeddings,
                                .precision = own.precision,
                                .encode_kwargs = own.encode_kwargs.value_or(Value::Object{}),
                                .quantization_ranges = own.quantization_ranges};
  auto embeddings = embed_sentences(encoder(run.context()), texts, options, run.context());
  for (std::size_t i = 0; i < documents.size(); ++i) documents[i].embedding = std::move(embeddings[i]);
  run.set(documents_, std::move(documents));
}

}  // namespace berth
