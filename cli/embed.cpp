#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
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

constexpr std::size_t texts_at_once = 4096;  // whose embeddings are held until they are printed

constexpr auto embed_examples =
    "Examples:\n"
    "  berth embed models/e5-small-v2 --prompt \"query: \" queries.txt\n"
    "  echo \"Two ships\" | berth embed sentence-transformers/all-MiniLM-L6-v2\n"
    "  berth embed models/bge-small-en documents.jsonl --normalize > embedded.jsonl\n"
    "\n"
    "Each line of output is a JSON object: that of the input, or {\"text\": ...},\n"
    "with \"embedding\".";

struct EmbedCommandOptions : EncoderOptions {
  std::optional<std::string> prompt;
  std::optional<std::string> prompt_name;
  std::optional<std::size_t> truncate_dim;
  bool normalize = false;
};

std::optional<std::string> prompt_of(const EmbedCommandOptions& options, const TextEncoder& encoder) {
  if (!options.prompt_name) return options.prompt;
  if (const auto* prompt = encoder.prompts().find(*options.prompt_name)) return *prompt;
  std::string names;
  for (const auto& [name, text] : encoder.prompts()) names += (names.empty() ? "" : ", ") + name;
  throw WrongUse("The model has no prompt '" + *options.prompt_name + "'; it has " + (names.empty() ? "none" : names),
                 "berth embed");
}

std::vector<float> finished(std::span<const float> row, const EmbedCommandOptions& options) {
  std::vector<float> embedding(row.begin(), row.end());
  if (options.truncate_dim && *options.truncate_dim < embedding.size()) embedding.resize(*options.truncate_dim);
  if (!options.normalize) return embedding;
  double squares = 0;
  for (const auto each : embedding) squares += static_cast<double>(each) * each;
  const auto length = std::max(std::sqrt(squares), 1e-12);
  for (auto& each : embedding) each = static_cast<float>(each / length);
  return embedding;
}

int embed(const EmbedCommandOptions& options) {
  if (options.prompt && options.prompt_name)
    throw WrongUse("--prompt and --prompt-name say the same: give one", "berth embed");
  const auto encoder = load_encoder(options);
  const EmbedOptions embed_options{.prompt = prompt_of(options, encoder), .max_tokens = options.max_tokens};
  auto lines = read_text_lines(options.files, options.plain);  // a signal ends the process while it waits for them
  const Interrupt interrupt;
  for (std::size_t from = 0; from < lines.size(); from += texts_at_once) {
    const auto to = std::min(from + texts_at_once, lines.size());
    std::vector<std::string> texts;
    for (auto i = from; i < to; ++i) texts.push_back(std::move(lines[i].text));
    const auto what = lines.size() <= texts_at_once
                          ? std::string("Embedding")
                          : fmt::format("Embedding {} to {} of {}", from + 1, to, lines.size());
    const auto embeddings = with_progress(
        what, interrupt, [&](const EncodeContext& context) { return encoder.embed(texts, embed_options, context); });
    for (auto i = from; i < to; ++i)
      print(json_line(std::move(lines[i].fields), "embedding", finished(embeddings.row(i - from), options)));
  }
  return done;
}

}  // namespace

void add_embed(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("embed", "Turn texts into vectors, a line of JSON each");
  set_help(*command, embed_examples);
  auto options = std::make_shared<EmbedCommandOptions>();
  add_encoder_model(*command, *options);
  command->add_option("--prompt", options->prompt, "What stands before each text; else the model's default prompt")
      ->type_name("TEXT");
  command->add_option("--prompt-name", options->prompt_name, "One of the prompts that the model names: query, passage")
      ->type_name("NAME");
  command->add_flag("--normalize", options->normalize, "Give each vector a length of 1");
  command->add_option("--truncate-dim", options->truncate_dim, "Elements that are kept, before --normalize")
      ->type_name("N")
      ->check(whole_number_from(1));
  add_encoder_options(*command, *options);
  command->callback([options, &action] { action = [options] { return embed(*options); }; });
}

}  // namespace berth::cli
