#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "encoder_options.h"
#include "failure.h"
#include "help.h"
#include "output.h"
#include "text_lines.h"

namespace berth::cli {
namespace {

constexpr auto rank_examples =
    "Examples:\n"
    "  berth rank cross-encoder/ms-marco-MiniLM-L-6-v2 \"How old is Rome?\" texts.txt\n"
    "  berth rank models/bge-reranker-base \"fast ships\" documents.jsonl --top-k 3\n"
    "  ls | berth rank all-MiniLM-L6-v2 \"what tells how to build it\"\n"
    "\n"
    "Each line of output is a JSON object: that of the input, or {\"text\": ...},\n"
    "with \"score\", the best first.";

struct RankCommandOptions : EncoderOptions {
  std::string query;
  std::optional<std::size_t> top_k;
  bool raw = false;
};

std::vector<float> scores_of_pairs(const TextEncoder& encoder, const std::vector<TextLine>& lines,
                                   const RankCommandOptions& options, const Interrupt& interrupt) {
  if (encoder.info().labels.size() != 1)
    throw std::invalid_argument("This model has " + std::to_string(encoder.info().labels.size()) +
                                " labels; one that ranks has one");
  std::vector<EncodeInput> pairs;
  for (const auto& each : lines) pairs.push_back({options.query, each.text});
  auto scores = with_progress("Ranking", interrupt, [&](const EncodeContext& context) {
                  return encoder.classify(pairs, options.max_tokens, context);
                }).values;
  if (!options.raw)
    for (auto& each : scores) each = 1.0F / (1.0F + std::exp(-each));
  return scores;
}

std::vector<float> scores_of_embeddings(const TextEncoder& encoder, const std::vector<TextLine>& lines,
                                        const RankCommandOptions& options, const Interrupt& interrupt) {
  if (options.raw) throw WrongUse("--raw is for models that read query and text together", "berth rank");
  std::vector<std::string> texts = {options.query};
  for (const auto& each : lines) texts.push_back(each.text);
  const auto rows = with_progress("Ranking", interrupt, [&](const EncodeContext& context) {
    return encoder.embed(texts, {.max_tokens = options.max_tokens}, context);
  });
  const auto dot = [](std::span<const float> a, std::span<const float> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const auto query = rows.row(0);
  std::vector<float> scores;
  for (std::size_t i = 1; i < rows.rows(); ++i) {
    const auto row = rows.row(i);
    const auto lengths = std::sqrt(dot(query, query)) * std::sqrt(dot(row, row));
    scores.push_back(static_cast<float>(dot(query, row) / std::max(lengths, 1e-12)));
  }
  return scores;
}

/// Throws std::invalid_argument where neither scores nor embeddings of the model say anything about nearness.
void check_rankable(const EncoderInfo& info) {
  std::error_code error;
  if (info.task == EncoderTask::sequence_classification || std::filesystem::exists(info.path / "modules.json", error))
    return;
  if (!info.missing_weight.empty())
    throw std::invalid_argument("This model is " + info.model_class + ", and its file holds no tensor '" +
                                info.missing_weight + "'");
  if (info.task != EncoderTask::none)
    throw std::invalid_argument("This model is " + info.model_class + ", made for " +
                                std::string(to_string(info.task)) +
                                ": take a cross-encoder, or a model for embeddings");
}

int rank(const RankCommandOptions& options) {
  const auto encoder = load_encoder(options);
  check_rankable(encoder.info());
  auto lines = read_text_lines(options.files, options.plain);  // a signal ends the process while it waits for them
  const Interrupt interrupt;
  const bool reads_pairs = encoder.info().task == EncoderTask::sequence_classification;
  const auto scores = (reads_pairs ? scores_of_pairs : scores_of_embeddings)(encoder, lines, options, interrupt);
  std::vector<std::size_t> order(lines.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  if (options.top_k && *options.top_k < order.size()) order.resize(*options.top_k);
  for (const auto i : order) print(json_line(std::move(lines[i].fields), "score", scores[i]));
  return done;
}

}  // namespace

void add_rank(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("rank", "Order texts by how they answer a query, a line of JSON each");
  set_help(*command, rank_examples);
  auto options = std::make_shared<RankCommandOptions>();
  add_encoder_model(*command, *options);
  command->add_option("QUERY", options->query, "What the texts are to answer")->type_name("TEXT")->required();
  command->add_option("--top-k", options->top_k, "Texts that are printed at most")
      ->type_name("N")
      ->check(whole_number_from(1));
  command->add_flag("--raw", options->raw, "Print scores as the model gives them, not from 0 to 1");
  add_encoder_options(*command, *options);
  command->callback([options, &action] { action = [options] { return rank(*options); }; });
}

}  // namespace berth::cli
