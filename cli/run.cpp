#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "berth/convert_model.h"
#include "berth/error.h"
#include "berth/model.h"
#include "berth/resolve.h"
#include "berth/simulated.h"
#include "answer.h"
#include "command.h"
#include "conversation.h"
#include "device_argument.h"
#include "engine/checked_models.h"
#include "engine/plan_here.h"
#include "failure.h"
#include "help.h"
#include "interrupt.h"
#include "output.h"
#include "progress.h"
#include "run_options.h"
#include "run_placement.h"
#include "run_report.h"
#include "text/printable.h"
#include "text_file.h"

namespace berth::cli {
namespace {

constexpr auto run_examples =
    "Examples:\n"
    "  berth run smollm2 -p \"Why is the sky blue?\"\n"
    "  berth run smollm2                           a conversation\n"
    "  git diff | berth run model.gguf --system \"Write a commit message.\"\n"
    "  berth run smollm2 -p \"A poem.\" --temperature 0.8 --seed 7 --json\n"
    "  berth run smollm2 -p \"Once upon a time\" --raw --max-new-tokens 64\n"
    "  berth run smollm2 -p \"Hi!\" --simulate cpu:8GiB,cuda:1GiB@20GB/s -v";

std::string read_prompt_from_input() {
  auto text = read_standard_input("the prompt");
  // The end of the last line is no part of the text, as in $(...).
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

/// What to answer; none where a conversation is wanted.
std::optional<std::string> read_prompt(const RunOptions& options) {
  const bool from_input = options.prompt == "-" || (!options.prompt && !input_is_terminal());
  if (!options.prompt && !from_input) {
    if (options.json || options.generation.num_return_sequences > 1)
      throw WrongUse("--json and --num-return-sequences need a prompt: -p TEXT, or standard input", "berth run");
    return std::nullopt;
  }
  auto prompt = from_input ? read_prompt_from_input() : *options.prompt;
  if (prompt.empty()) throw WrongUse("The prompt is empty: give one by -p TEXT or on standard input", "berth run");
  return prompt;
}

const Engine& first_engine() {
  if (engines().empty())
    throw std::runtime_error("This Berth was built without an engine: build it with -DBERTH_LLAMA=ON");
  return *engines().front();
}

/// Whether the model's chat template is used.
bool use_chat_template(const LoadedModelInfo& model, const RunOptions& options) {
  if (options.raw) return false;
  if (model.has_chat_template) return true;
  if (options.system)
    throw std::runtime_error(
        "This model has no chat template, so --system has no place in it: write it into the prompt");
  note("this model has no chat template: it goes on with the prompt as it is, as with --raw");
  return false;
}

Prompt make_prompt(const LoadedModel& model, const RunOptions& options, const std::string& text, bool chat) {
  if (!chat) return Prompt(text);
  std::vector<ChatMessage> messages;
  if (options.system) messages.push_back({"system", *options.system});
  messages.push_back({"user", text});
  return model.apply_chat_template(messages);
}

int run_prompt(const Engine& engine, const LoadedModel& model, const RunOptions& options,
               const GenerationOptions& generation, const Prompt& prompt, const Interrupt& interrupt) {
  const auto session = model.new_session(session_options(options));
  GenerationResult result;
  if (options.json) {
    result = session->generate({.prompts = {prompt}, .options = generation},
                               {.stop = interrupt.token(), .log = tell_warning});
    auto document = as_value(result, model.info(), engine.name());
    if (options.show_placement) document.as_object().set("placement", placement_value(model));
    print(document.to_json(2) + "\n");
  } else {
    result = answer(*session, prompt, generation, !options.no_stream, interrupt.token());
  }
  flush();
  if (options.show_placement && !options.json) tell_lines(placement_table(model));
  if (options.verbose) tell_summary(result, model.info());
  return interrupt.signal() == 0 ? done : 128 + interrupt.signal();
}

/// Whether nobody says which device it is to be.
bool is_free_choice(const ResolveRequest& request) {
  const auto* wish = std::get_if<Wish>(&request);
  return std::holds_alternative<std::monostate>(request) || (wish != nullptr && *wish == Wish());
}

std::shared_ptr<const LoadedModel> load_on_one(const RunOptions& options, const ResolveRequest& request,
                                               const Engine& engine, const LoadContext& context) {
  if (!options.max_memory.empty())
    throw WrongUse("--max-memory is for --device-map auto and other strategies", "berth run");
  const auto resolution = resolve_here(request, {std::string(engine.name())});
  if (options.verbose) tell_device(resolution);
  const auto& profile = *context.profile;
  if (is_free_choice(request) && !fits_alone(profile, resolution, context_spec(options).value_or(ContextSpec()))) {
    if (options.verbose) note("the model with its context is too large for that device alone, and is planned over all");
    return load_by_strategy(options, engine, context, MapStrategy::optimal);
  }
  return engine.load({.model = profile.path,
                      .device = resolution.device,
                      .keys = resolution.keys,
                      .context = context_spec(options),
                      .isolation = isolation(options, profile.path),
                      .patience_s = options.patience_s},
                     context);
}

/// A folder with safetensors as the GGUF file that is made of it.
std::filesystem::path loadable(const std::filesystem::path& model, const ModelSearch& search, const RunOptions& options,
                               const Interrupt& interrupt) {
  Progress progress("Writing " + escaped(model.filename().string()) + " as GGUF");
  ConvertContext context{.stop = interrupt.token()};
  context.progress = [&](float part) {
    progress.show(part);
    return true;
  };
  if (options.verbose) context.log = [](LogLevel, std::string_view message) { note(escaped(message)); };
  try {
    return loadable_model(model, search, context);
  } catch (const Cancelled&) {
    interrupt.check();
    throw;
  }
}

std::shared_ptr<const LoadedModel> load(const RunOptions& options, const ResolveRequest& request, const Engine& engine,
                                        const std::filesystem::path& path, const Interrupt& interrupt) {
  Progress progress("Loading " + escaped(path.filename().string()));
  LoadContext context{.stop = interrupt.token()};
  context.progress = [&](float part) {
    progress.show(part);
    return true;
  };
  if (options.verbose) {
    note("loading " + escaped(path.string()));
    context.log = [](LogLevel, std::string_view message) { note(escaped(message)); };
  }
  try {
    if (options.simulate) use_simulated(simulate(*options.simulate));
    context.profile = std::make_shared<const ModelProfile>(read_model(path));
    return places_model(options) ? load_placed(options, engine, context)
                                 : load_on_one(options, request, engine, context);
  } catch (const Cancelled&) {
    interrupt.check();
    throw;
  }
}

int run(const RunOptions& options) {
  // What can be refused is refused before anything is read or loaded.
  const auto generation = generation_options(options);
  if (options.raw && options.system) throw WrongUse("--system needs the chat template: leave out --raw", "berth run");
  const auto request = options.device ? parse_request_argument(*options.device) : ResolveRequest();
  const auto& engine = first_engine();
  const auto search = ModelSearch::from_environment();
  const auto found = locate_model(options.model, search);
  const auto prompt = read_prompt(options);

  auto interrupt = std::make_unique<Interrupt>();
  const auto path = loadable(found, search, options, *interrupt);
  const auto model = load(options, request, engine, path, *interrupt);
  interrupt->check();
  if (options.verbose) tell_model(model->info());
  for (const auto& each : model->info().notes) note("warning: " + escaped(each));
  const bool chat = use_chat_template(model->info(), options);
  int code = done;
  if (prompt) {
    code = run_prompt(engine, *model, options, generation, make_prompt(*model, options, *prompt, chat), *interrupt);
  } else {
    if (options.show_placement) tell_lines(placement_table(*model));
    interrupt->give_back();  // each answer has its own
    interrupt->check();
    interrupt.reset();
    code = converse(*model, options, generation, chat);
  }
  if (code == done) keep_checked(path, search);
  return code;
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("run", "Let a model answer a prompt, or talk with it");
  set_help(*command, run_examples);
  auto options = std::make_shared<RunOptions>();
  add_run_options(*command, *options);
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace berth::cli
