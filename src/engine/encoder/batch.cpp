#include "engine/encoder/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <thread>

#include "berth/error.h"
#include "discover/host/usable.h"
#include "engine/computing.h"
#include "engine/encoder/attention.h"

namespace berth::encoder {
namespace {

// Operations beside those of the attention's pieces: of a layer, with DeBERTa's projections, and of all that stands
// before and after the layers.
constexpr std::size_t operations_of_layer = 64;
constexpr std::size_t operations_of_ends = 1024;

// Products of weights and tokens in one graph: about 20 ms of one core.
constexpr std::uint64_t work_for_threads = 1'000'000'000;

std::vector<float> read_floats(const ggml_tensor* tensor) {
  std::vector<float> values(static_cast<std::size_t>(ggml_nelements(tensor)));
  ggml_backend_tensor_get(tensor, values.data(), 0, values.size() * sizeof(float));
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
    throw EngineError("encoder", "",
                      "the numbers of this text overflow; half precision holds less than float32: load the model with "
                      "Precision::float32");
  return values;
}

}  // namespace

std::size_t graph_size(const Sizes& sizes, const Pack& pack) {
  auto pieces = pieces_of(pack, sizes.heads, 0).size();
  if (sizes.window > 0) pieces = std::max(pieces, pieces_of(pack, sizes.heads, sizes.window).size());
  return operations_of_ends +
         static_cast<std::size_t>(sizes.layers) * (operations_of_layer + pieces * operations_of_piece);
}

OutputTensors add_outputs(Graph& graph, const Parts& parts, const Pack& pack,
                          const std::vector<EncoderOutput>& outputs) {
  const auto wants = [&](EncoderOutput output) { return std::ranges::find(outputs, output) != outputs.end(); };
  const bool embeds = wants(EncoderOutput::embedding);
  auto* states = parts.backbone->build(graph, pack);
  OutputTensors added;
  if (wants(EncoderOutput::hidden_states) || (embeds && !parts.modules.from_logits())) added.states = states;
  if (wants(EncoderOutput::logits) || (embeds && parts.modules.from_logits()))
    added.logits = parts.head->build(graph, states, pack);
  if (wants(EncoderOutput::pooler_output)) added.pooler = parts.pooler->build(graph, states, pack);
  for (auto* output : {added.states, added.logits, added.pooler})
    if (output != nullptr) graph.output(output);
  return added;
}

Batch::Batch(const Model& model, const Parts& parts, LanePool& lanes, const EncodeRequest& request,
             const EncodeContext& context)
    : model_(model), parts_(parts), lanes_(lanes), request_(request), context_(context) {}

bool Batch::wants(EncoderOutput output) const {
  return std::ranges::find(request_.outputs, output) != request_.outputs.end();
}

void Batch::make_room() try {
  result_.first_token = {0};
  for (const auto& ids : request_.token_ids) result_.first_token.push_back(result_.first_token.back() + ids.size());
  const auto room = [&](EncoderOutput output, EncodedTensor& tensor, bool by_token, std::size_t width) {
    if (!wants(output)) return;
    tensor.shape = {by_token ? result_.first_token.back() : request_.token_ids.size(), width};
    tensor.values.resize(tensor.shape[0] * width);
  };
  const auto& info = model_.info();
  room(EncoderOutput::hidden_states, result_.hidden_states, true, info.hidden_size);
  room(EncoderOutput::pooler_output, result_.pooler_output, false, info.hidden_size);
  room(EncoderOutput::embedding, result_.embedding, false, info.embedding_size);
  if (parts_.head)
    room(EncoderOutput::logits, result_.logits, parts_.head->rows == Head::Rows::all_tokens,
         static_cast<std::size_t>(parts_.head->width));
} catch (const std::bad_alloc&) {
  throw EngineError("encoder", "", "too little memory for the results; encode fewer sequences at once");
}

EncodeResult Batch::run(std::size_t pack_tokens) {
  make_room();
  if (request_.token_ids.empty()) return std::move(result_);
  const std::stop_callback forward(context_.stop, [this] { stop_.request_stop(); });
  packs_ = make_packs(request_, pack_tokens, lanes_.most());
  const auto mine = lanes_.wait(context_.stop);
  std::vector<std::unique_ptr<LanePool::Use>> others;
  while (others.size() + 1 < packs_.size()) {
    auto other = lanes_.try_take();
    if (!other) break;
    others.push_back(std::move(other));
  }
  // Threads that share a graph wait for each other by spinning: only where there is nothing else to do, and much of it.
  const bool alone = packs_.size() == 1 && lanes_.in_use() == 1;
  const bool is_worth_it = result_.first_token.back() * parts_.weights->parameters() > work_for_threads;
  const int threads = is_worth_it && (alone || lanes_.most() == 1) ? discovery::usable_cores() : 1;
  {
    std::vector<std::jthread> helpers;
    for (const auto& other : others) helpers.emplace_back([this, &other] { work(other->lane(), 1, false); });
    work(mine->lane(), threads, true);
  }
  if (problem_) std::rethrow_exception(problem_);
  if (context_.progress) context_.progress(1);
  return std::move(result_);
}

void Batch::fail(std::exception_ptr problem) {
  const std::lock_guard lock(problem_mutex_);
  // What another pack says that was stopped by this failure is of no interest.
  if (!problem_) problem_ = std::move(problem);
  stop_.request_stop();
}

void Batch::work(Lane& lane, int threads, bool reports) noexcept try {
  for (auto i = next_pack_++; i < packs_.size(); i = next_pack_++) {
    if (stop_.stop_requested()) throw Cancelled("Encoding was cancelled");
    compute(lane, packs_[i], threads);
    tokens_done_ += packs_[i].ids.size();
    const auto part = static_cast<float>(tokens_done_) / static_cast<float>(result_.first_token.back());
    if (reports && context_.progress && !context_.progress(std::min(part, 1.0F)))
      throw Cancelled("Encoding was cancelled");
  }
} catch (...) {
  fail(std::current_exception());
}

void Batch::compute(Lane& lane, const Pack& pack, int threads) {
  Graph graph(graph_size(parts_.backbone->sizes(), pack), parts_.is_spread, parts_.packed.get());
  const auto [states, logits, pooler] = add_outputs(graph, parts_, pack, request_.outputs);
  if (states == nullptr && logits == nullptr && pooler == nullptr) return;
  Computing computing(pack.ids.size());
  lane.compute(graph, parts_.weights->placement().size() + graph.inputs(), threads, stop_.get_token());
  computing.finish();
  const bool embeds = wants(EncoderOutput::embedding);
  if (states != nullptr) {
    const auto rows = read_floats(states);
    if (wants(EncoderOutput::hidden_states)) scatter(pack, rows, result_.hidden_states, true);
    if (embeds && !parts_.modules.from_logits()) embed(pack, rows);
  }
  if (logits != nullptr) {
    const auto rows = read_floats(logits);
    if (wants(EncoderOutput::logits)) scatter(pack, rows, result_.logits, parts_.head->rows == Head::Rows::all_tokens);
    if (embeds && parts_.modules.from_logits()) embed(pack, rows);
  }
  if (pooler != nullptr) scatter(pack, read_floats(pooler), result_.pooler_output, false);
}

void Batch::scatter(const Pack& pack, const std::vector<float>& rows, EncodedTensor& to, bool by_token) const {
  const auto width = to.width();
  auto from = rows.begin();
  for (const auto sequence : pack.sequences) {
    const auto count = (by_token ? request_.token_ids[sequence].size() : 1) * width;
    const auto start = (by_token ? result_.first_token[sequence] : sequence) * width;
    std::copy_n(from, count, to.values.begin() + static_cast<std::ptrdiff_t>(start));
    from += static_cast<std::ptrdiff_t>(count);
  }
}

void Batch::embed(const Pack& pack, const std::vector<float>& rows) {
  const auto width = rows.size() / pack.ids.size();
  std::size_t token = 0;
  for (const auto sequence : pack.sequences) {
    const auto tokens = request_.token_ids[sequence].size();
    const auto prompt = request_.prompt_tokens.empty() ? 0 : request_.prompt_tokens[sequence];
    const auto embedding = parts_.modules.embed(std::span(rows).subspan(token * width, tokens * width), tokens, prompt);
    std::ranges::copy(embedding, result_.embedding.values.begin() +
                                     static_cast<std::ptrdiff_t>(sequence * result_.embedding.width()));
    token += tokens;
  }
}

}  // namespace berth::encoder
