#include "run_options.h"

#include <cmath>

#include "device_argument.h"
#include "engine/checked_models.h"
#include "failure.h"
#include "help.h"

namespace berth::cli {
namespace {

void add_prompt_options(CLI::App& command, RunOptions& options) {
  command
      .add_option("MODEL", options.model,
                  "A GGUF file, a folder that holds one or safetensors, ORG/NAME in the Hugging Face cache, or "
                  "smollm2, the default "
                  "model")
      ->type_name("MODEL")
      ->required();
  command
      .add_option("-p,--prompt", options.prompt,
                  "What to answer; - is standard input, as without -p where that is no terminal. At a terminal, "
                  "without -p, a conversation starts")
      ->type_name("TEXT");
  command.add_option("--system", options.system, "The system message of the conversation")->type_name("TEXT");
  command.add_flag("--raw", options.raw, "Go on with the prompt as it is, without the model's chat template");
}

void add_sampling_options(CLI::App& command, RunOptions& options) {
  const auto whole = [&](const char* name, auto& value, const char* what) {
    command.add_option(name, value, what)->type_name("N")->check(whole_number());
  };
  const auto decimal = [&](const char* name, auto& value, const char* what) {
    command.add_option(name, value, what)->type_name("X")->check(decimal_number());
  };
  whole("--max-new-tokens", options.generation.max_new_tokens, "The longest answer, in tokens (512)");
  decimal("--temperature", options.temperature,
          "Above 0: sample, the more freely the higher. 0, the default: always the likeliest token");
  whole("--top-k", options.top_k, "Sample among the K likeliest tokens only; 0 turns it off (50)");
  decimal("--top-p", options.top_p, "Sample among the likeliest tokens that have this probability together (1)");
  decimal("--min-p", options.min_p,
          "Sample among tokens with at least this part of the likeliest one's probability (0)");
  decimal("--repetition-penalty", options.generation.repetition_penalty,
          "Above 1: tokens that were there already become less likely (1)");
  whole("--seed", options.generation.seed, "Sample the same again with the same number");
  whole("--num-return-sequences", options.generation.num_return_sequences,
        "How many answers to sample, or the best of how many beams to print (1)");
  whole("--num-beams", options.generation.num_beams,
        "Texts to follow at the same time in a search for the likeliest answer as a whole (1, no search)");
  decimal("--length-penalty", options.length_penalty,
          "The higher, the longer the answers that beams find; below 0 for short ones (1)");
  command.add_option("--stop", options.generation.stop_words, "End the answer before this text; can be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false);
}

void add_machine_options(CLI::App& command, RunOptions& options) {
  command.add_option("--device", options.device, "Where to run, such as cpu or cuda:1 (see berth devices)")
      ->type_name("DEVICE");
  command
      .add_option("--simulate", options.simulate,
                  "Run on devices that need not exist, such as cpu:8GiB,cuda:2x1GiB@20GB/s: they compute on this CPU, "
                  "with their memory and no faster than they are said to be")
      ->type_name("MACHINE");
  command
      .add_option("--device-map", options.device_map,
                  "Over several devices: optimal, auto, balanced, balanced_low_0 or sequential, which plan first; or a "
                  "file, or JSON, with a device for each part: {\"model.layers.0\": \"cuda:0\", \"\": \"cpu\"}")
      ->type_name("MAP");
  command.add_option("--plan", options.plan, "As a plan says that 'berth plan --json' wrote; YAML is read too")
      ->type_name("FILE");
  command
      .add_option(
          "--max-memory", options.max_memory,
          "No more than this of a device, such as cuda:0=10GiB, with a strategy in --device-map; can be repeated")
      ->type_name("DEVICE=SIZE")
      ->allow_extra_args(false);
  command
      .add_option(
          "--isolation", options.isolation,
          "process: the engine runs in a process of its own, so that its crash is an error, and a lost device does "
          "not end the answer; none: in this one; automatic, the default: process for workers on other machines, and "
          "for a "
          "file of a model until it has answered once")
      ->type_name("WHERE")
      ->check(one_of({"automatic", "none", "process"}));
  command
      .add_option(
          "--patience", options.patience_s,
          "An engine in a process of its own that neither answers nor computes for so long counts as lost (120; "
          "0: never)")
      ->type_name("SECONDS")
      ->check(whole_number())
      ->check(CLI::Range(0, 1'000'000));
  command.add_option("--n-ctx,--context", options.n_ctx, "Tokens of context; 0, the default: as many as are needed")
      ->type_name("N")
      ->check(whole_number());
  command.add_option("--threads", options.n_threads, "0, the default: the cores that this process may use")
      ->type_name("N")
      ->check(whole_number());
}

void add_output_options(CLI::App& command, RunOptions& options) {
  auto* stream = command.add_flag("--stream", options.stream, "Print the answer while it is made (the default)");
  command.add_flag("--no-stream", options.no_stream, "Print the answer when it is complete")->excludes(stream);
  command.add_flag("--json", options.json, "Print one JSON document: {\"replies\": [...], \"meta\": {...}}");
  command.add_flag("--show-placement", options.show_placement,
                   "Also tell, on standard error or in the JSON document, which device holds what, read back from the "
                   "engine");
  command.add_flag("-v,--verbose", options.verbose,
                   "Also tell, on standard error, which device was chosen and why, times, speed and memory");
}

}  // namespace

void add_run_options(CLI::App& command, RunOptions& options) {
  add_prompt_options(command, options);
  add_machine_options(command, options);
  add_sampling_options(command, options);
  add_output_options(command, options);
}

std::optional<ContextSpec> context_spec(const RunOptions& options) {
  if (options.n_ctx == 0) return std::nullopt;
  return ContextSpec{.n_ctx = options.n_ctx, .n_seq = GenerationOptions::max_return_sequences, .unified = true};
}

Isolation isolation(const RunOptions& options, const std::filesystem::path& model) {
  for (const auto each : {Isolation::none, Isolation::process})
    if (options.isolation == to_string(each)) return each;
  return is_checked(model, ModelSearch::from_environment()) ? Isolation::automatic : Isolation::process;
}

SessionOptions session_options(const RunOptions& options) {
  return {.n_ctx = options.n_ctx, .n_threads = options.n_threads};
}

GenerationOptions generation_options(const RunOptions& options) {
  auto generation = options.generation;
  const double temperature = options.temperature.value_or(0);
  if (!std::isfinite(temperature) || temperature < 0)
    throw WrongUse("--temperature must be 0 (no sampling) or more", "berth run");
  const bool asks_for_samples = options.top_k || options.top_p || options.min_p || generation.seed;
  generation.do_sample = temperature > 0 || (!options.temperature && asks_for_samples);
  if (temperature > 0) generation.temperature = temperature;
  generation.top_k = options.top_k.value_or(generation.top_k);
  generation.top_p = options.top_p.value_or(generation.top_p);
  generation.min_p = options.min_p.value_or(generation.min_p);
  const bool searches = generation.num_beams > 1;
  if (generation.num_return_sequences > 1 && !generation.do_sample && !searches)
    throw WrongUse(
        "--num-return-sequences above 1 needs samples or beams: add --temperature 0.8, --seed 1 or --num-beams 4",
        "berth run");
  if (searches && generation.do_sample)
    throw WrongUse(
        "--num-beams above 1 searches and does not sample: leave out --temperature, --top-k, --top-p, --min-p and "
        "--seed",
        "berth run");
  if (searches && options.stream)
    throw WrongUse("No text of --num-beams is certain before the search is over: leave out --stream", "berth run");
  if (options.length_penalty && !searches) throw WrongUse("--length-penalty is for --num-beams above 1", "berth run");
  generation.length_penalty = options.length_penalty.value_or(generation.length_penalty);
  generation.validate();
  return generation;
}

}  // namespace berth::cli
