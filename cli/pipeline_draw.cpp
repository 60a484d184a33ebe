#include <memory>
#include <stdexcept>
#include <string>

#include "failure.h"
#include "help.h"
#include "output.h"
#include "pipeline.h"
#include "pipeline_file.h"
#include "text/printable.h"
#include "text_file.h"

namespace berth::cli {
namespace {

constexpr auto pipeline_draw_examples =
    "Examples:\n"
    "  berth pipeline draw rag.yaml\n"
    "  berth pipeline draw rag.yaml -o rag.svg\n"
    "  berth pipeline draw rag.yaml --svg | display";

struct PipelineDrawOptions {
  std::string file;
  std::string output;
  bool svg = false;
  bool json = false;
};

bool wants_svg(const PipelineDrawOptions& options) {
  const bool svg = options.output.ends_with(".svg");
  if (!options.output.empty() && !svg && !options.output.ends_with(".mmd"))
    throw WrongUse("-o takes a name that ends with .svg or .mmd (Mermaid), not " + in_quotes(options.output),
                   "berth pipeline draw");
  if (options.svg && !options.output.empty() && !svg)
    throw WrongUse("--svg and -o " + in_quotes(options.output) + " contradict each other", "berth pipeline draw");
  return svg || options.svg;
}

int draw(const PipelineDrawOptions& options) {
  const bool svg = wants_svg(options);
  const auto pipeline = load_pipeline(options.file);
  const auto drawing = svg ? pipeline.to_svg() : pipeline.to_mermaid();
  if (!options.output.empty()) write_output_file(options.output, drawing);
  if (options.json) {
    Value::Object document{{"format", svg ? "svg" : "mermaid"}};
    document.set(options.output.empty() ? "drawing" : "file", options.output.empty() ? drawing : options.output);
    print(Value(std::move(document)).to_json(2) + "\n");
  } else if (options.output.empty()) {
    print(output_is_terminal() ? escaped(drawing, true) : drawing);
  }
  return done;
}

}  // namespace

void add_pipeline_draw(CLI::App& pipeline, Action& action) {
  auto* command = pipeline.add_subcommand("draw", "Draw a pipeline as a Mermaid flowchart or an SVG picture");
  set_help(*command, pipeline_draw_examples);
  auto options = std::make_shared<PipelineDrawOptions>();
  add_pipeline_file(*command, options->file);
  command->add_option("-o,--output", options->output, "Where to write it, a name that ends with .svg or .mmd")
      ->type_name("FILE");
  command->add_flag("--svg", options->svg, "An SVG picture, also on standard output");
  command->add_flag("--json", options->json, "Print one JSON document: {\"format\": \"svg\", \"drawing\": \"...\"}");
  command->callback([options, &action] { action = [options] { return draw(*options); }; });
}

}  // namespace berth::cli
