#include "pipeline.h"

#include "help.h"

namespace berth::cli {
namespace {

constexpr auto pipeline_examples =
    "Examples:\n"
    "  berth pipeline validate rag.yaml\n"
    "  berth pipeline run rag.yaml --input query=\"Who wrote it?\"\n"
    "  berth pipeline draw rag.yaml -o rag.svg";

}  // namespace

void add_pipeline(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("pipeline", "Check, run or draw a pipeline in Haystack's YAML");
  set_help(*command, pipeline_examples);
  command->require_subcommand(1);
  add_pipeline_validate(*command, action);
  add_pipeline_run(*command, action);
  add_pipeline_draw(*command, action);
}

}  // namespace berth::cli
