#include <memory>
#include <string>

#include "berth/model.h"
#include "command.h"
#include "help.h"
#include "inspect_report.h"
#include "model_file.h"
#include "output.h"

namespace berth::cli {
namespace {

constexpr auto inspect_examples =
    "Examples:\n"
    "  berth inspect smollm2\n"
    "  berth inspect model-00001-of-00003.gguf\n"
    "  berth inspect org/name-GGUF:Q4_K_M --json";

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  struct Options {
    std::string model;
    bool json = false;
  };
  auto* command = app.add_subcommand("inspect", "Say what the header of a model holds; weights are not read");
  set_help(*command, inspect_examples);
  auto options = std::make_shared<Options>();
  command
      ->add_option("MODEL", options->model,
                   "A GGUF file, a folder that holds one or a model in safetensors, ORG/NAME in the Hugging Face cache, or "
                   "smollm2, the default model")
      ->type_name("MODEL")
      ->required();
  command->add_flag("--json", options->json, "Print one JSON document (docs/model.schema.json)");
  command->callback([options, &action] {
    action = [options] {
      const auto profile = profile_of(options->model);
      print(options->json ? profile.to_dict().to_json(2) + "\n" : profile_text(profile));
      return done;
    };
  });
}

}  // namespace berth::cli
