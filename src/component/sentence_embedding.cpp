#include "component/sentence_embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

using Embeddings = std::vector<std::vector<double>>;

const Value* set_entry(const Value::Object& kwargs, std::string_view name) {
  const auto* value = kwargs.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void check_encode_kwargs(const Value::Object& kwargs) {
  for (const auto& [name, value] : kwargs)
    if (name != "prompt" && name != "prompt_name" && name != "truncate_dim" && !value.is_null())
      throw std::invalid_argument(
          fmt::format("encode_kwargs: {} cannot be used; 'prompt', 'prompt_name' and 'truncate_dim' can, and the other "
                      "arguments of "
                      "encode() are parameters of the component",
                      in_quotes(name)));
}

std::string text_entry(const Value& value, std::string_view name) {
  if (!value.is_string()) throw std::invalid_argument(fmt::format("encode_kwargs: '{}' is no text", name));
  return value.as_string();
}

/// The prompt that is asked for; none: the model's own.
std::optional<std::string> prompt_of(const TextEncoder& encoder, const Value::Object& kwargs) {
  if (const auto* prompt = set_entry(kwargs, "prompt")) return text_entry(*prompt, "prompt");
  const auto* given = set_entry(kwargs, "prompt_name");
  if (given == nullptr) return std::nullopt;
  const auto name = text_entry(*given, "prompt_name");
  if (const auto* prompt = encoder.prompts().find(name)) return *prompt;
  Value::Array names;
  for (const auto& [each, prompt] : encoder.prompts()) names.push_back(each);
  throw std::invalid_argument(
      fmt::format("Prompt name '{}' not found in the configured prompts dictionary with keys {}.", printable(name),
                  python_repr(names)));
}

/// How many elements are kept of `width`.
std::size_t kept_elements(const SentenceOptions& options, std::size_t width) {
  auto wanted = options.truncate_dim;
  if (const auto* given = set_entry(options.encode_kwargs, "truncate_dim")) {
    if (!given->is_int()) throw std::invalid_argument("encode_kwargs: 'truncate_dim' is no number");
    wanted = given->as_int();
  }
  if (!wanted) return width;
  if (*wanted < 1) throw std::invalid_argument(fmt::format("truncate_dim must be > 0, but got {}", *wanted));
  return std::min(width, static_cast<std::size_t>(*wanted));
}

void set_unit_length(std::vector<double>& vector) {
  double squares = 0;
  for (const auto each : vector) squares += each * each;
  const auto length = std::max(std::sqrt(squares), 1e-12);
  for (auto& each : vector) each /= length;
}

/// One bit for each element, in bytes that are whole; the highest bit first.
std::vector<double> bits_of(const std::vector<double>& vector, int offset) {
  std::vector<double> bytes;
  for (std::size_t from = 0; from < vector.size(); from += 8) {
    int byte = 0;
    for (std::size_t i = 0; i < 8; ++i) byte = 2 * byte + (from + i < vector.size() && vector[from + i] > 0 ? 1 : 0);
    bytes.push_back(byte + offset);
  }
  return bytes;
}

void set_buckets(Embeddings& embeddings, double offset) {
  if (embeddings.empty()) return;
  for (std::size_t i = 0; i < embeddings.front().size(); ++i) {
    auto least = embeddings.front()[i];
    auto most = least;
    for (const auto& each : embeddings) {
      least = std::min(least, each[i]);
      most = std::max(most, each[i]);
    }
    const auto step = (most - least) / 255;
    for (auto& each : embeddings) each[i] = step > 0 ? std::trunc((each[i] - least) / step + offset) : 0;
  }
}

/// As sentence-transformers 5.7 does with ranges: what is outside of them is at their ends.
void set_buckets_of_ranges(Embeddings& embeddings, const Embeddings& ranges, double offset) {
  for (auto& each : embeddings) {
    if (ranges.size() != 2 || ranges[0].size() != each.size() || ranges[1].size() != each.size())
      throw std::invalid_argument(fmt::format(
          "quantization_ranges has to have two lists of {} numbers, the least and the largest of each element",
          each.size()));
    for (std::size_t i = 0; i < each.size(); ++i) {
      const auto step = ranges[1][i] == ranges[0][i] ? 1.0 : (ranges[1][i] - ranges[0][i]) / 255;
      each[i] = std::clamp(std::floor((each[i] - ranges[0][i]) / step), 0.0, 255.0) + offset;
    }
  }
}

constexpr std::size_t sparse_texts_at_once = 64;  // rows as wide as the vocabulary
constexpr std::size_t pooled_texts_at_once = 4;   // such a row for each token

bool has_sentence_modules(const EncoderInfo& info) {
  std::error_code error;
  return std::filesystem::exists(info.path / "modules.json", error);
}

SparseEmbedding sparse(std::span<const float> row) {
  SparseEmbedding embedding;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == 0) continue;
    embedding.indices.push_back(static_cast<std::int64_t>(i));
    embedding.values.push_back(row[i]);
  }
  return embedding;
}

/// SpladePooling("max"): log(1 + relu(logits)), of each word the largest.
std::vector<float> splade(const EncodeResult& result, std::size_t sequence) {
  std::vector<float> largest(result.logits.width());
  for (auto token = result.first_token[sequence]; token < result.first_token[sequence + 1]; ++token) {
    const auto row = result.logits.row(token);
    for (std::size_t i = 0; i < row.size(); ++i) largest[i] = std::max(largest[i], row[i]);
  }
  for (auto& each : largest) each = std::log1p(each);
  return largest;
}

}  // namespace

Embeddings embed_sentences(const TextEncoder& encoder, std::span<const std::string> texts,
                           const SentenceOptions& options, const CallContext& context) {
  check_encode_kwargs(options.encode_kwargs);
  (void)quantized({}, options.precision);
  const EmbedOptions embed_options{.prompt = prompt_of(encoder, options.encode_kwargs),
                                   .max_tokens = options.max_tokens};
  const auto kept = kept_elements(options, encoder.info().embedding_size);
  const auto tensor = encoder.embed(texts, embed_options, {.stop = context.stop, .log = context.log});
  Embeddings embeddings;
  embeddings.reserve(texts.size());
  for (std::size_t i = 0; i < tensor.rows(); ++i) {
    const auto row = tensor.row(i).first(kept);
    embeddings.emplace_back(row.begin(), row.end());
    if (options.normalize) set_unit_length(embeddings.back());
  }
  return quantized(std::move(embeddings), options.precision, options.quantization_ranges);
}

Embeddings quantized(Embeddings embeddings, const std::string& precision, const std::optional<Embeddings>& ranges) {
  if (precision == "float32") return embeddings;
  if (precision == "uint8" || precision == "int8") {
    const double offset = precision == "int8" ? -128 : 0;
    if (ranges)
      set_buckets_of_ranges(embeddings, *ranges, offset);
    else
      set_buckets(embeddings, offset);
    return embeddings;
  }
  if (precision != "binary" && precision != "ubinary")
    throw std::invalid_argument(fmt::format("Precision {} is not supported", in_quotes(precision)));
  for (auto& each : embeddings) each = bits_of(each, precision == "binary" ? -128 : 0);
  return embeddings;
}

void check_sparse(const TextEncoder& encoder) {
  const auto& info = encoder.info();
  if (info.task != EncoderTask::masked_lm) {
    const auto lacking =
        info.missing_weight.empty() ? "" : fmt::format("; its file holds no tensor '{}'", info.missing_weight);
    throw std::invalid_argument(fmt::format(
        "'{}' cannot embed sparsely: it is no masked language model, as SPLADE is{}", info.path.string(), lacking));
  }
  if (has_sentence_modules(info) && info.embedding_size != info.vocabulary_size)
    throw std::invalid_argument(
        fmt::format("'{}' embeds densely: its modules have no pooling of SPLADE", info.path.string()));
}

std::vector<SparseEmbedding> embed_sparsely(const TextEncoder& encoder, std::span<const std::string> texts,
                                            std::optional<std::size_t> max_tokens, const CallContext& context) {
  check_sparse(encoder);
  const bool has_modules = has_sentence_modules(encoder.info());
  const auto at_once = has_modules ? sparse_texts_at_once : pooled_texts_at_once;
  std::vector<SparseEmbedding> embeddings;
  for (std::size_t from = 0; from < texts.size(); from += at_once) {
    const auto part = texts.subspan(from, std::min(at_once, texts.size() - from));
    const EncodeContext encode_context{.stop = context.stop, .progress = {}, .log = context.log};
    if (has_modules) {
      const auto rows = encoder.embed(part, {.max_tokens = max_tokens}, encode_context);
      for (std::size_t i = 0; i < rows.rows(); ++i) embeddings.push_back(sparse(rows.row(i)));
      continue;
    }
    const auto result =
        encoder.encode_sentences(part, EncoderOutput::logits, {.max_tokens = max_tokens}, encode_context);
    for (std::size_t i = 0; i < part.size(); ++i) embeddings.push_back(sparse(splade(result, i)));
  }
  return embeddings;
}

}  // namespace berth
