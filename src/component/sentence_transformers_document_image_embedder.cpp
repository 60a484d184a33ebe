#include "berth/sentence_transformers_document_image_embedder.h"

#include <stdexcept>
#include <utility>

#include "component/encoder_defaults.h"

namespace berth {
namespace {

SentenceTransformersDocumentImageEmbedderParameters with_image_defaults(
    SentenceTransformersDocumentImageEmbedderParameters parameters) {
  if (!parameters.root_path) parameters.root_path.emplace();
  return with_encoder_defaults(std::move(parameters));
}

}  // namespace

SentenceTransformersDocumentImageEmbedder::SentenceTransformersDocumentImageEmbedder(Parameters given)
    : EncoderComponent(type_name, with_image_defaults(std::move(given))) {}

std::optional<std::string> SentenceTransformersDocumentImageEmbedder::known_problem() const {
  return "Images cannot be embedded yet: Berth has no engine for models that see";
}

void SentenceTransformersDocumentImageEmbedder::warm_up(const CallContext&) {
  throw std::invalid_argument(*known_problem());
}

void SentenceTransformersDocumentImageEmbedder::run(Run& run) { warm_up(run.context()); }

}  // namespace berth
