/// Embeddings as the components around sentence-transformers give them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "berth/call_context.h"
#include "berth/sparse_embedding.h"
#include "berth/text_encoder.h"
#include "berth/value.h"

namespace berth {

/// What SentenceTransformer.encode() is given.
struct SentenceOptions {
  std::optional<std::size_t> max_tokens = {};
  std::optional<std::int64_t> truncate_dim = {};
  bool normalize = false;
  std::string precision = "float32";  ///< "int8", "uint8", "binary", "ubinary"
  Value::Object encode_kwargs = {};   ///< `prompt`, `prompt_name`, `truncate_dim`
  /// For int8 and uint8: the least and the largest value of each element.
  std::optional<std::vector<std::vector<double>>> quantization_ranges = {};
};

/// One embedding for each text. Throws std::invalid_argument for an option that cannot be followed, Cancelled, and as
/// TextEncoder::embed().
std::vector<std::vector<double>> embed_sentences(const TextEncoder& encoder, std::span<const std::string> texts,
                                                 const SentenceOptions& options, const CallContext& context);

/// `embeddings` in one of the precisions of sentence_transformers.quantize_embeddings. The ranges of int8 and uint8 are those
/// that are given, else those of these embeddings; an element that is the same in all of them becomes 0. Throws
/// std::invalid_argument.
std::vector<std::vector<double>> quantized(
    std::vector<std::vector<double>> embeddings, const std::string& precision,
    const std::optional<std::vector<std::vector<double>>>& ranges = std::nullopt);

/// Throws std::invalid_argument where the model does not embed sparsely.
void check_sparse(const TextEncoder& encoder);

/// The elements of SPLADE that are not 0, for each text. A masked language model without modules of sentence-transformers
/// is pooled by the maximum, as there. Throws as check_sparse() and TextEncoder::embed(), and Cancelled.
std::vector<SparseEmbedding> embed_sparsely(const TextEncoder& encoder, std::span<const std::string> texts,
                                            std::optional<std::size_t> max_tokens, const CallContext& context);

}  // namespace berth
