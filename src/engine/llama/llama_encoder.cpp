#include "engine/llama/llama_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "berth/error.h"
#include "discover/host/usable.h"
#include "engine/computing.h"
#include "engine/encoder/check_request.h"
#include "engine/llama/backends.h"
#include "engine/llama/check_model.h"
#include "engine/llama/context_params.h"
#include "engine/llama/llama_internals.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/skip_scores.h"
#include "engine/llama/tokens.h"

namespace berth::llama {
namespace {

/// `pooling_type` as the poolings of sentence-transformers; where none is named, the mean, as there.
encoder::Pooling pooling_of(const ModelProfile& profile) {
  const auto type = number_of(profile, "pooling_type", LLAMA_POOLING_TYPE_NONE);
  encoder::Pooling pooling;
  pooling.cls = type == LLAMA_POOLING_TYPE_CLS;
  pooling.last_token = type == LLAMA_POOLING_TYPE_LAST;
  pooling.mean = !pooling.cls && !pooling.last_token;
  return pooling;
}

template <class Size>
EncodedTensor empty_rows(Size rows, std::size_t width) {
  return {.shape = {rows, width}, .values = std::vector<float>(rows * width)};
}

}  // namespace

LlamaEncoder::LlamaEncoder(std::shared_ptr<const LlamaModel> model, const ModelProfile& profile,
                           const EncoderBatches& batches)
    : model_(std::move(model)),
      batches_(batches),
      ranks_(number_of(profile, "pooling_type", LLAMA_POOLING_TYPE_NONE) == LLAMA_POOLING_TYPE_RANK),
      pooling_(pooling_of(profile)) {
  const auto& loaded = model_->info();
  info_.path = loaded.path;
  info_.transformer = loaded.path.parent_path();
  info_.architecture = loaded.architecture;
  info_.layers = static_cast<std::size_t>(llama_model_n_layer(model_->handle()));
  info_.hidden_size = static_cast<std::size_t>(llama_model_n_embd_out(model_->handle()));
  info_.vocabulary_size = static_cast<std::size_t>(llama_vocab_n_tokens(model_->vocab()));
  info_.max_sequence_tokens = info_.max_position_embeddings = batches_.most_tokens;
  info_.has_vocabulary = true;
  info_.parameters = loaded.parameters;
  info_.weight_bytes = loaded.weight_bytes;
  info_.load_ms = loaded.load_ms;
  if (ranks_)
    set_scores();
  else
    info_.embedding_size = info_.hidden_size;
  for (const auto& tensor : model_->tensors()) placement_.set(tensor.name, tensor.device);
  if (llama_vocab_type(model_->vocab()) == LLAMA_VOCAB_TYPE_NONE)
    throw EngineError("llama.cpp", loaded.where(), fmt::format("'{}' has no vocabulary", loaded.path.string()));
}

LlamaEncoder::~LlamaEncoder() { model_->forget_session(this); }

/// llama.cpp gives the scores of Qwen3 behind a softmax over yes and no.
void LlamaEncoder::set_scores() {
  info_.task = EncoderTask::sequence_classification;
  const auto count = llama_model_n_cls_out(model_->handle());
  answers_yes_ = info_.architecture.starts_with("qwen3");
  if (answers_yes_ && count != 2)
    throw EngineError(
        "llama.cpp", model_->info().where(),
        fmt::format("'{}' is a ranker with {} answers, and needs those of yes and no", info_.path.string(), count));
  for (std::uint32_t i = 0; i < (answers_yes_ ? 1 : count); ++i) {
    const char* label = llama_model_cls_label(model_->handle(), i);
    info_.labels.push_back(label == nullptr ? fmt::format("LABEL_{}", i) : label);
  }
}

Encoding LlamaEncoder::tokenize(const EncodeInput& input, const Truncation& truncation) const {
  const LogCapture log;
  return encoder_tokens(*model_->handle(), input, truncation);
}

EncodeResult LlamaEncoder::encode(const EncodeRequest& request, const EncodeContext& context) const {
  encoder::check_request(request, *this);
  EncodeResult result;
  result.first_token.push_back(0);
  for (const auto& ids : request.token_ids) result.first_token.push_back(result.first_token.back() + ids.size());
  const auto count = request.token_ids.size();
  const auto tokens = result.first_token.back();
  for (const auto output : request.outputs) {
    if (output == EncoderOutput::hidden_states) result.hidden_states = empty_rows(tokens, info_.hidden_size);
    if (output == EncoderOutput::embedding) result.embedding = empty_rows(count, info_.embedding_size);
    if (output == EncoderOutput::logits) result.logits = empty_rows(count, info_.labels.size());
  }
  const Turns::Turn turn(turns_, context.stop);
  stop_ = context.stop;
  const auto batches = batches_.divide(request);
  std::size_t begin = 0;
  std::size_t done = 0;
  for (const auto end : batches.ends) {
    const auto sequences = std::span(batches.order).subspan(begin, end - begin);
    compute(request, sequences, result);
    for (const auto each : sequences) done += request.token_ids[each].size();
    if (context.progress && !context.progress(static_cast<float>(done) / static_cast<float>(tokens)))
      throw Cancelled("The encoding of texts was cancelled");
    begin = end;
  }
  return result;
}

/// Makes a context, or a larger one, where the one that is there is too small.
void LlamaEncoder::prepare_context(std::size_t longest) const {
  const auto spec = batches_.context(longest);
  if (context_ && std::cmp_greater_equal(llama_n_ctx(context_.get()), spec.n_ctx) &&
      std::cmp_greater_equal(llama_n_ubatch(context_.get()), spec.n_ubatch))
    return;
  auto params = context_params(spec);
  params.n_ctx = static_cast<std::uint32_t>(spec.n_ctx);
  params.n_seq_max = static_cast<std::uint32_t>(spec.n_seq);
  params.embeddings = true;
  params.pooling_type = ranks_ ? LLAMA_POOLING_TYPE_RANK : LLAMA_POOLING_TYPE_NONE;
  params.n_threads = params.n_threads_batch = discovery::usable_cores();
  params.abort_callback = [](void* self) { return static_cast<const LlamaEncoder*>(self)->stop_.stop_requested(); };
  params.abort_callback_data = const_cast<LlamaEncoder*>(this);
  params.cb_eval = end_at_states;
  params.cb_eval_user_data = &skips_scores_;
  const LogCapture log;
  model_->forget_session(this);
  context_.reset();  // the old one's memory is free for the new one
  const HoldBackends hold;
  context_.reset(llama_init_from_model(model_->handle(), params));
  if (!context_)
    throw EngineError("llama.cpp", model_->info().where(),
                      fmt::format("cannot make a context of {} tokens: {}", params.n_ctx,
                                  log.errors("probably too little memory; limit the tokens of a text")));
  skips_scores_ = false;
  if (ranks_ || llama_model_has_encoder(model_->handle())) return;
  auto* graph = llama_graph_reserve(context_.get(), 1, 1, 1);
  skips_scores_ = graph != nullptr && only_scores_follow(*graph, static_cast<std::int64_t>(info_.vocabulary_size));
}

void LlamaEncoder::compute(const EncodeRequest& request, std::span<const std::size_t> sequences,
                           EncodeResult& result) const {
  prepare_context(request.token_ids[sequences.front()].size());
  std::vector<llama_token> tokens;
  std::vector<llama_pos> positions;
  std::vector<llama_seq_id> numbers;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto& ids = request.token_ids[sequences[i]];
    for (std::size_t at = 0; at < ids.size(); ++at) positions.push_back(static_cast<llama_pos>(at));
    tokens.insert(tokens.end(), ids.begin(), ids.end());
    numbers.resize(tokens.size(), static_cast<llama_seq_id>(i));
  }
  if (auto* memory = llama_get_memory(context_.get())) llama_memory_clear(memory, false);
  std::vector<float> states;
  const std::size_t limit = llama_n_ubatch(context_.get());
  for (std::size_t from = 0; from < tokens.size(); from += limit) {
    const auto part = [&](auto& all) { return std::span(all).subspan(from, std::min(limit, tokens.size() - from)); };
    decode(part(tokens), part(positions), part(numbers));
    if (ranks_) continue;
    const auto* rows = llama_get_embeddings(context_.get());
    states.insert(states.end(), rows, rows + part(tokens).size() * info_.hidden_size);
  }
  model_->set_session(this, *context_, std::min(limit, tokens.size()),
                      false);  // buffers grow while a batch is computed
  if (ranks_)
    read_scores(sequences, result);
  else
    read_states(request, sequences, states, result);
}

void LlamaEncoder::decode(std::span<llama_token> tokens, std::span<llama_pos> positions,
                          std::span<llama_seq_id> sequences) const {
  std::vector<std::int32_t> ones(tokens.size(), 1);
  std::vector<llama_seq_id*> of_token;
  for (auto& each : sequences) of_token.push_back(&each);
  std::vector<std::int8_t> outputs(tokens.size(), 1);
  llama_batch batch{};
  batch.n_tokens = static_cast<std::int32_t>(tokens.size());
  batch.token = tokens.data();
  batch.pos = positions.data();
  batch.n_seq_id = ones.data();
  batch.seq_id = of_token.data();
  batch.logits = outputs.data();
  const LogCapture log;
  Computing computing(tokens.size());
  const bool encodes = llama_model_has_encoder(model_->handle());
  const auto status = stop_.stop_requested() ? 2
                      : encodes              ? llama_encode(context_.get(), batch)
                                             : llama_decode(context_.get(), batch);
  llama_synchronize(context_.get());  // what is read next waits for it
  if (status == 0) computing.finish();
  if (stop_.stop_requested()) throw Cancelled("The encoding of texts was cancelled");
  if (status != 0)
    throw EngineError("llama.cpp", model_->info().where(),
                      fmt::format("computing {} tokens failed ({}): {}", tokens.size(), status,
                                  log.errors(status == 1 ? "the context is full" : "no reason was given")));
}

void LlamaEncoder::read_states(const EncodeRequest& request, std::span<const std::size_t> sequences,
                               std::span<const float> states, EncodeResult& result) const {
  check_numbers(states);
  const auto to = [](EncodedTensor& tensor, std::size_t row) {
    return tensor.values.begin() + static_cast<std::ptrdiff_t>(row * tensor.width());
  };
  std::size_t token = 0;
  for (const auto sequence : sequences) {
    const auto count = request.token_ids[sequence].size();
    const auto rows = states.subspan(token * info_.hidden_size, count * info_.hidden_size);
    if (!result.hidden_states.shape.empty())
      std::ranges::copy(rows, to(result.hidden_states, result.first_token[sequence]));
    if (!result.embedding.shape.empty())
      std::ranges::copy(encoder::pooled(pooling_, rows, count, 0), to(result.embedding, sequence));
    token += count;
  }
}

void LlamaEncoder::read_scores(std::span<const std::size_t> sequences, EncodeResult& result) const {
  const auto width = result.logits.width();
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const float* found = llama_get_embeddings_seq(context_.get(), static_cast<llama_seq_id>(i));
    const std::span scores(found, answers_yes_ ? 2 : width);
    check_numbers(scores);
    auto* row = result.logits.values.data() + sequences[i] * width;
    const auto logarithm = [](float p) { return std::log(std::max(p, std::numeric_limits<float>::min())); };
    if (answers_yes_)
      *row = logarithm(scores[0]) - logarithm(scores[1]);
    else
      std::ranges::copy(scores, row);
  }
}

void LlamaEncoder::check_numbers(std::span<const float> numbers) const {
  if (std::ranges::all_of(numbers, [](float each) { return std::isfinite(each); })) return;
  throw EngineError("llama.cpp", model_->info().where(),
                    "the model computed numbers that are none (NaN or infinite): the file is damaged, or this device "
                    "computes it wrongly; try another device or another file of the model");
}

}  // namespace berth::llama
