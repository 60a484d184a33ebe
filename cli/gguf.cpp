#include <filesystem>
#include <memory>
#include <string>

#include "berth/convert_model.h"
#include "berth/error.h"
#include "berth/model.h"
#include "command.h"
#include "failure.h"
#include "help.h"
#include "interrupt.h"
#include "output.h"
#include "progress.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto gguf_examples =
    "Examples:\n"
    "  berth gguf models/SmolLM2-135M-Instruct -o smollm2.gguf\n"
    "  berth gguf Qwen/Qwen3-0.6B -o qwen3.gguf\n"
    "\n"
    "`berth run` and pipelines write such models themselves, into Berth's cache.";

struct GgufOptions {
  std::string model;
  std::string output;
};

int write_gguf(const GgufOptions& options) {
  const auto folder = locate_model(options.model, ModelSearch::from_environment());
  if (!std::filesystem::is_directory(folder))
    throw WrongUse(escaped(folder.string()) + " is a file; a folder with safetensors is written as GGUF", "berth gguf");
  Interrupt interrupt;
  Progress progress("Writing " + escaped(options.output));
  ConvertContext context{.stop = interrupt.token()};
  context.progress = [&](float part) {
    progress.show(part);
    return true;
  };
  try {
    convert_model(folder, options.output, context);
  } catch (const Cancelled&) {
    interrupt.check();
    throw;
  }
  return done;
}

}  // namespace

void add_gguf(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("gguf", "Write a model of Hugging Face in safetensors as a GGUF file");
  set_help(*command, gguf_examples);
  auto options = std::make_shared<GgufOptions>();
  command->add_option("MODEL", options->model, "A folder with safetensors, or ORG/NAME in the Hugging Face cache")
      ->type_name("MODEL")
      ->required();
  command->add_option("-o,--output", options->output, "The file to write")->type_name("FILE")->required();
  command->callback([options, &action] { action = [options] { return write_gguf(*options); }; });
}

}  // namespace berth::cli
