#include "engine/encoder/check_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace berth::encoder {
namespace {

void check_range(std::size_t sequence, const std::vector<std::int32_t>& values, std::size_t end,
                 std::string_view what) {
  const auto wrong = std::ranges::find_if(
      values, [&](std::int32_t value) { return std::cmp_less(value, 0) || std::cmp_greater_equal(value, end); });
  if (wrong != values.end())
    throw std::invalid_argument(fmt::format("Sequence {} has the {} {} at place {}; this model has 0 to {}", sequence,
                                            what, *wrong, wrong - values.begin(), end - 1));
}

void check_sequence(const EncodeRequest& request, std::size_t sequence, const EncoderInfo& info) {
  const auto& ids = request.token_ids[sequence];
  if (ids.empty())
    throw std::invalid_argument(fmt::format(
        "Sequence {} has no tokens; also an empty text has the special tokens that its tokenizer adds", sequence));
  if (ids.size() > info.max_sequence_tokens)
    throw std::invalid_argument(fmt::format("Sequence {} has {} tokens, and this model takes {} at most; truncate it",
                                            sequence, ids.size(), info.max_sequence_tokens));
  check_range(sequence, ids, info.vocabulary_size, "token id");
  if (request.token_type_ids.empty()) return;
  const auto& types = request.token_type_ids[sequence];
  if (types.size() != ids.size())
    throw std::invalid_argument(fmt::format("Sequence {} has {} tokens and {} token types; give one for each token",
                                            sequence, ids.size(), types.size()));
  check_range(sequence, types, info.token_types, "token type");
}

void check_output(EncoderOutput output, const EncoderModel& model) {
  const auto& info = model.info();
  const auto refuse = [&](std::string_view why) {
    throw std::invalid_argument(fmt::format("'{}' gives no {}: {}", info.path.string(), to_string(output), why));
  };
  const bool is_ranker = info.has_vocabulary && info.task == EncoderTask::sequence_classification;
  if (is_ranker && output != EncoderOutput::logits)
    refuse("it is a ranker (pooling_type 4), which gives the logits of pairs of texts");
  if (output == EncoderOutput::pooler_output && !info.has_pooler) refuse("the file holds no pooler");
  if (output == EncoderOutput::logits && info.task == EncoderTask::none)
    refuse(fmt::format("it is a {} without the weights of a head that can be computed",
                       info.model_class.empty() ? info.architecture : info.model_class));
  if (output == EncoderOutput::embedding && info.embedding_size == 0)
    refuse("its SpladePooling needs the logits of a masked language model, and the file holds none");
}

}  // namespace

void check_request(const EncodeRequest& request, const EncoderModel& model) {
  const auto count = request.token_ids.size();
  const auto check_count = [&](std::size_t found, std::string_view what) {
    if (found != 0 && found != count)
      throw std::invalid_argument(
          fmt::format("There are {} sequences and {} lists of {}; give one for each, or none", count, found, what));
  };
  check_count(request.token_type_ids.size(), "token types");
  check_count(request.prompt_tokens.size(), "prompt tokens");
  for (std::size_t i = 0; i < count; ++i) check_sequence(request, i, model.info());
  for (const auto output : request.outputs) check_output(output, model);
}

}  // namespace berth::encoder
