#include "engine/llama/score_taps.h"

#include <ggml.h>

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "engine/score_blocks.h"

namespace berth::llama {

/// Of one sequence, as a sampler in llama.cpp's graph that samples nothing.
struct ScoreTaps::Tap {
  std::vector<float> maxima;
  float* room = nullptr;              // where the scores are kept; nullptr: they stay where they are
  std::span<float> scores;            // of the last computation; empty before it
  bool computes = false;              // the part of the batch that is being computed gives scores of this sequence
  std::atomic<int> threads_done = 0;  // with the node

  void look(float* data, std::size_t size, int thread, int threads);

  static Tap& of(llama_sampler* sampler) { return *static_cast<Tap*>(sampler->ctx); }
  static const char* name(const llama_sampler* /*sampler*/) { return "berth"; }
  static void apply(llama_sampler* /*sampler*/, llama_token_data_array* /*candidates*/) {}
  static bool init(llama_sampler* /*sampler*/, ggml_backend_buffer_type_t /*type*/, std::uint32_t /*outputs*/) {
    return true;
  }
  static void add_node(llama_sampler* sampler, ggml_context* context, ggml_cgraph* graph, llama_sampler_data* data);
  static void begin_part(llama_sampler* sampler) { of(sampler).computes = true; }
};

namespace {

/// llama.cpp shows a view of a copy of all scores. The copy is not computed where nothing needs it.
ggml_tensor* computed_scores(ggml_context* context, const ggml_tensor& shown) {
  auto* copy = shown.view_src;
  if (copy == nullptr || copy->op != GGML_OP_PAD) return nullptr;
  auto* scores = copy->src[0];
  if (shown.view_offs + scores->nb[1] > ggml_nbytes(scores)) return nullptr;
  return ggml_view_1d(context, scores, scores->ne[0], shown.view_offs);
}

}  // namespace

void ScoreTaps::Tap::add_node(llama_sampler* sampler, ggml_context* context, ggml_cgraph* graph,
                              llama_sampler_data* data) {
  if (auto* scores = computed_scores(context, *data->logits)) {
    const auto look = [](ggml_tensor* result, const ggml_tensor* /*same*/, int thread, int threads, void* tap) {
      static_cast<Tap*>(tap)->look(static_cast<float*>(result->data), static_cast<std::size_t>(result->ne[0]), thread,
                                   threads);
    };
    ggml_build_forward_expand(graph, ggml_map_custom1_inplace(context, scores, look, GGML_N_TASKS_MAX, &of(sampler)));
  }
  data->logits = nullptr;
}

/// On each of the threads that compute.
void ScoreTaps::Tap::look(float* data, std::size_t size, int thread, int threads) {
  if (!computes) return;
  const auto border = [&](int i) {
    return maxima.size() * static_cast<std::size_t>(i) / static_cast<std::size_t>(threads);
  };
  const auto first = border(thread);
  const auto last = border(thread + 1);
  const auto begin = first * ScoreBlocks::block_size;
  const auto part = std::span(data, size).subspan(begin, std::min(last * ScoreBlocks::block_size, size) - begin);
  ScoreBlocks::find_maxima(part, std::span(maxima).subspan(first, last - first));
  if (room != nullptr) std::ranges::copy(part, room + begin);
  if (threads_done.fetch_add(1) + 1 < threads) return;
  threads_done = 0;
  computes = false;
  scores = {room != nullptr ? room : data, size};
}

ScoreTaps::ScoreTaps(const llama_vocab& vocab, std::uint32_t sequences)
    : n_vocab_(static_cast<std::size_t>(llama_vocab_n_tokens(&vocab))) {
  static llama_sampler_i functions = {.name = Tap::name,
                                      .accept = nullptr,
                                      .apply = Tap::apply,
                                      .reset = nullptr,
                                      .clone = nullptr,
                                      .free = nullptr,
                                      .backend_init = Tap::init,
                                      .backend_accept = nullptr,
                                      .backend_apply = Tap::add_node,
                                      .backend_set_input = Tap::begin_part,
                                      .backend_reset = nullptr,
                                      .copy_state = nullptr};
  const auto blocks = ScoreBlocks::blocks_of(n_vocab_);
  for (std::uint32_t i = 0; i < sequences; ++i) {
    auto& tap = *taps_.emplace_back(std::make_unique<Tap>());
    tap.maxima.resize(blocks);
    auto* chain = llama_sampler_chain_init({.no_perf = true});
    llama_sampler_chain_add(chain, llama_sampler_init(&functions, &tap));
    configs_.push_back({static_cast<llama_seq_id>(i), chain});
  }
}

ScoreTaps::~ScoreTaps() {
  for (const auto& config : configs_) llama_sampler_free(config.sampler);
}

void ScoreTaps::attach(llama_context_params& params) {
  params.samplers = configs_.data();
  params.n_samplers = configs_.size();
  params.n_outputs_max_per_seq = 1;
}

void ScoreTaps::begin(float* room) {
  for (auto& tap : taps_) {
    tap->computes = false;
    tap->threads_done = 0;
    tap->scores = {};
    tap->room = room;
    if (room != nullptr) room += n_vocab_;
  }
}

ScoreTaps::Scores ScoreTaps::of(llama_seq_id sequence) const {
  const auto& tap = *taps_[static_cast<std::size_t>(sequence)];
  return {tap.scores, tap.maxima};
}

}  // namespace berth::llama
