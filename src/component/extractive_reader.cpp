#include "berth/extractive_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include "berth/hf_kwargs.h"
#include "component/answer_spans.h"
#include "component/encoder_head.h"
#include "text/unicode.h"

namespace berth {
namespace {

constexpr std::int64_t default_answers_per_seq = 20;

/// As they are serialized: the device stands in `model_kwargs`.
ExtractiveReaderParameters with_reader_defaults(ExtractiveReaderParameters given) {
  auto kwargs = given.model_kwargs.value_or(Value::Object{});
  deserialize_hf_model_kwargs(kwargs);
  const Value* map = kwargs.find("device_map");
  const bool has_map = map != nullptr && !map->is_null() && *map != Value("") && *map != Value(Value::Object{});
  if (!has_map && !given.device) given.device = default_encoder_device();
  given.model_kwargs = resolve_hf_device_map(given.device, std::move(kwargs), given.log);
  given.device.reset();
  return given;
}

/// Python's `given or own`.
template <class T>
T chosen_of(const std::optional<T>& given, T own) {
  return given.value_or(T{}) != T{} ? *given : own;
}
template <class T>
std::optional<T> chosen_of(const std::optional<T>& given, const std::optional<T>& own) {
  return given.value_or(T{}) != T{} ? given : own;
}

std::size_t at_least_one(std::int64_t number, std::string_view name) {
  if (number < 1)
    throw std::invalid_argument(fmt::format("ExtractiveReader: {} is {}: it must be above 0", name, number));
  return static_cast<std::size_t>(number);
}

/// Adds the page of an answer to its meta, where the document says on which page it starts.
void tell_page(ExtractedAnswer& answer, const LogCallback& log) {
  const Value* page = answer.document->meta.find("page_number");
  if (page == nullptr) return;
  if (!page->is_int()) {
    if (log)
      log(LogLevel::warning,
          fmt::format("Document's page_number must be int but is {}. No page number will be added to the answer.",
                      page->type_name()));
    return;
  }
  const std::string_view content = *answer.document->content;
  const auto before =
      content.substr(0, byte_of_character(content, static_cast<std::size_t>(answer.document_offset->start)));
  answer.meta.set("answer_page_number", page->as_int() + std::ranges::count(before, '\f'));
}

}  // namespace

/// What counts in one run.
struct ExtractiveReader::Options {
  std::size_t top_k;
  std::optional<double> score_threshold;
  std::size_t max_seq_length;
  std::size_t stride;
  std::size_t answers_per_seq;
  bool no_answer;
  std::optional<double> overlap_threshold;
};

ExtractiveReader::ExtractiveReader(Parameters given)
    : EncoderComponent(type_name, with_reader_defaults(std::move(given))) {}

void ExtractiveReader::warm_up(const CallContext& context) {
  check_head(encoder(context), EncoderTask::question_answering, "ExtractiveReader");
}

Value::Object ExtractiveReader::init_parameters() const {
  auto parameters = EncoderComponent::init_parameters();
  if (type() == type_name) parameters.erase("overlap_threshold");
  return parameters;
}

ExtractiveReader::Options ExtractiveReader::options_of(const Run& run) const {
  const auto& own = parameters();
  const auto stride = chosen_of(run.get(stride_), own.stride);
  if (stride < 0)
    throw std::invalid_argument(fmt::format("ExtractiveReader: stride is {}: it must not be below 0", stride));
  if (!own.calibration_factor)
    throw std::invalid_argument("ExtractiveReader: calibration_factor is null: a run needs a number, such as 0.1");
  return {.top_k = at_least_one(chosen_of(run.get(top_k_), own.top_k), "top_k"),
          .score_threshold = chosen_of(run.get(score_threshold_), own.score_threshold),
          .max_seq_length = at_least_one(chosen_of(run.get(max_seq_length_), own.max_seq_length), "max_seq_length"),
          .stride = static_cast<std::size_t>(stride),
          .answers_per_seq = at_least_one(
              chosen_of(chosen_of(run.get(answers_per_seq_), own.answers_per_seq), default_answers_per_seq),
              "answers_per_seq"),
          .no_answer = run.get(no_answer_).value_or(own.no_answer),
          .overlap_threshold = chosen_of(run.get(overlap_threshold_), own.overlap_threshold)};
}

void ExtractiveReader::run(Run& run) {
  const auto options = options_of(run);
  const auto query = run.get(query_);
  const auto encoder = this->encoder(run.context());
  check_head(encoder, EncoderTask::question_answering, "ExtractiveReader");

  std::vector<Document> documents;
  TextEncodeRequest request{
      .outputs = {EncoderOutput::logits},
      .truncation = Truncation{.max_length = std::min(options.max_seq_length, encoder.info().max_sequence_tokens),
                               .stride = options.stride},
      .overflow = true,
      .token_types = false};
  for (auto& document : run.get(documents_)) {
    if (document.content) {
      request.inputs.push_back({query, *document.content});
      documents.push_back(std::move(document));
    } else if (run.log()) {
      run.log()(LogLevel::warning,
                fmt::format("Document with id {} was passed to ExtractiveReader. The Document doesn't "
                            "contain any text and it will be ignored.",
                            document.id));
    }
  }
  if (documents.empty()) return run.set(answers_, {});

  const auto texts = encoder.encode(request, {.stop = run.stop(), .log = run.log()});
  std::vector<FoundAnswer> found;
  for (std::size_t i = 0; i < texts.encodings.size(); ++i) {
    const auto& piece = texts.encodings[i];
    const auto logits =
        std::span(texts.result.logits.values).subspan(2 * texts.result.first_token[i], 2 * piece.size());
    for (const auto& [begin, end, score] : best_answer_spans(
             piece, logits, static_cast<float>(*parameters().calibration_factor), options.answers_per_seq))
      found.push_back({texts.input_of[i], begin, end, score});
  }
  const auto best = best_answers(std::move(found), documents, options.overlap_threshold, options.top_k);
  run.set(answers_, answers_of(best, documents, query, options, run.log()));
}

/// The answers as they are given: with their texts, and that there is none.
std::vector<ExtractedAnswer> ExtractiveReader::answers_of(std::span<const FoundAnswer> found,
                                                          const std::vector<Document>& documents,
                                                          const std::string& query, const Options& options,
                                                          const LogCallback& log) {
  std::vector<ExtractedAnswer> answers;
  double all_wrong = 1;
  for (const auto& [index, first, last, score] : found) {
    const auto& document = documents[index];
    const auto begin = byte_of_character(*document.content, first);
    const auto end = byte_of_character(*document.content, last);
    answers.push_back(
        {.query = query,
         .score = score,
         .data = document.content->substr(begin, end - begin),
         .document = document,
         .document_offset = ExtractedAnswer::Span{static_cast<std::int64_t>(first), static_cast<std::int64_t>(last)}});
    tell_page(answers.back(), log);
    all_wrong *= 1 - answers.back().score;
  }
  if (options.no_answer) answers.push_back({.query = query, .score = all_wrong});
  std::ranges::stable_sort(answers, std::ranges::greater(), &ExtractedAnswer::score);
  if (options.score_threshold)
    std::erase_if(answers, [&](const auto& answer) { return answer.score < *options.score_threshold; });
  return answers;
}

}  // namespace berth
