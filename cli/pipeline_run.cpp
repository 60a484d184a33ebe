#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "berth/error.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "berth/streaming.h"
#include "answer.h"
#include "device_argument.h"
#include "documents.h"
#include "failure.h"
#include "help.h"
#include "interrupt.h"
#include "output.h"
#include "pipeline.h"
#include "pipeline_devices.h"
#include "pipeline_file.h"
#include "pipeline_input.h"
#include "pipeline_output.h"
#include "progress.h"
#include "text/printable.h"
#include "text_file.h"

namespace berth::cli {
namespace {

constexpr auto pipeline_run_examples =
    "Examples:\n"
    "  berth pipeline run rag.yaml --input query=\"Who wrote?\" --documents docs.json\n"
    "  berth pipeline run rag.yaml --input '{\"llm\": {\"prompt\": \"Hi\"}}' --json\n"
    "  berth pipeline run rag.yaml --input inputs.yaml --device llm=cuda:0";

struct PipelineRunOptions {
  std::string file;
  std::vector<std::string> inputs;
  std::vector<std::string> devices;
  std::vector<std::string> include_outputs_from;
  std::string documents;
  bool no_stream = false;
  bool json = false;
};

void check_standard_input(const PipelineRunOptions& options) {
  const auto uses =
      (options.file == "-" ? 1 : 0) + (options.documents == "-" ? 1 : 0) + std::ranges::count(options.inputs, "-");
  if (uses > 1) throw WrongUse("Standard input can be read once: only one of the files can be -", "berth pipeline run");
}

/// A bar while models load, each by its size.
void tell_message(LogLevel, std::string_view message) { note(escaped(message)); }

void warm_up(Pipeline& pipeline, const PipelineRunOptions& options, const Interrupt& interrupt) {
  std::map<std::string, std::uint64_t, std::less<>> bytes;
  std::uint64_t total = 0;
  for (const auto& name : pipeline.component_names())
    for (const auto& use : pipeline.component(name).load_use()) {
      bytes[name] += use.total();
      total += use.total();
    }
  std::atomic<std::uint64_t> loaded = 0;
  Progress bar("Loading " + escaped(file_name_for_messages(options.file)));
  std::optional<std::jthread> shower;
  if (total > 0 && error_is_terminal())
    shower.emplace([&](const std::stop_token& stop) {
      std::mutex mutex;
      std::condition_variable_any never;
      for (std::unique_lock lock(mutex); !stop.stop_requested();) {
        never.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
        bar.show(static_cast<float>(loaded) / static_cast<float>(total));
      }
    });
  pipeline.warm_up({.progress =
                        [&](std::string_view component, bool done) {
                          if (const auto found = bytes.find(component); done && found != bytes.end())
                            loaded += found->second;
                        },
                    .stop = interrupt.token(),
                    .log = tell_message});
}

/// The components that can hand on text while they make it.
std::vector<std::string> streaming_components(const Pipeline& pipeline) {
  std::vector<std::string> found;
  for (const auto& [component, inputs] : pipeline.inputs())
    if (const Value* socket = inputs.find("streaming_callback");
        socket != nullptr && *socket->find("type") == Value(type_of<StreamingCallback>().str()))
      found.push_back(component);
  return found;
}

bool has(const Value::Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr && !value->is_null() && !(value->is_array() && value->as_array().empty());
}

/// Known once the component is warm.
bool searches_beams(const Component& component, const Value::Object& inputs) {
  const Value* given = inputs.find("generation_kwargs");
  const auto kwargs = given != nullptr && given->is_object() ? given->as_object() : Value::Object();
  if (const auto* generator = dynamic_cast<const HuggingFaceLocalGenerator*>(&component))
    return generator->num_beams(kwargs) > 1;
  const auto* generator = dynamic_cast<const HuggingFaceLocalChatGenerator*>(&component);
  return generator != nullptr && generator->num_beams(kwargs) > 1;
}

/// Whether a component gives the same while it streams: tools, several replies and beams do not go with it.
bool may_stream(const Component& component, const Value::Object& inputs) {
  const auto parameters = component.init_parameters();
  for (const auto* given : {&parameters, &inputs}) {
    if (has(*given, "tools") || has(*given, "streaming_callback")) return false;
    const Value* kwargs = given->find("generation_kwargs");
    if (kwargs == nullptr) continue;
    if (kwargs->find("num_return_sequences") != nullptr || kwargs->find("n") != nullptr) return false;
  }
  return !searches_beams(component, inputs);
}

/// Sets the callback of the only generator, where there is one, in `data`. The pipeline is warm.
void stream(const Pipeline& pipeline, Value::Object& data, StreamingCallback callback) {
  const auto components = streaming_components(pipeline);
  if (components.size() != 1) return;
  if (!data.contains(components.front())) data.set(components.front(), Value::Object{});
  auto& inputs = data.find(components.front())->as_object();
  if (may_stream(pipeline.component(components.front()), inputs))
    inputs.set("streaming_callback", to_value<StreamingCallback>(std::move(callback)));
}

/// What a file's own print_streaming_chunk writes has no place in a JSON document.
void silence(const Pipeline& pipeline, Value::Object& data) {
  for (const auto& component : streaming_components(pipeline)) {
    if (!has(pipeline.component(component).init_parameters(), "streaming_callback")) continue;
    if (!data.contains(component)) data.set(component, Value::Object{});
    data.find(component)->as_object().set("streaming_callback",
                                          to_value<StreamingCallback>({"", [](const StreamingChunk&) {}}));
  }
}

Value outputs_as_value(const Pipeline& pipeline, Value::Object outputs) {
  Value::Object devices;
  for (const auto& name : pipeline.component_names())
    if (const auto device = pipeline.component(name).device()) devices.set(name, plain_value(*device));
  return Value::Object{{"outputs", std::move(outputs)}, {"devices", std::move(devices)}};
}

/// Those whose outputs are wanted although others take them.
std::set<std::string> wanted_components(const Pipeline& pipeline, const PipelineRunOptions& options) {
  std::set<std::string> wanted(options.include_outputs_from.begin(), options.include_outputs_from.end());
  const auto names = pipeline.component_names();
  for (const auto& [name, sockets] : pipeline.options().output_names)
    for (const auto& socket : sockets)
      if (const auto component = socket.substr(0, socket.find('.')); std::ranges::count(names, component) > 0)
        wanted.insert(component);
  return wanted;
}

Value::Object only(const Value::Object& outputs, const std::vector<std::string>& components) {
  Value::Object some;
  for (const auto& name : components)
    if (const Value* of_one = outputs.find(name)) some.set(name, *of_one);
  return some;
}

int run(const PipelineRunOptions& options) {
  check_standard_input(options);
  auto pipeline = with_devices(load_pipeline(options.file), options.devices);
  auto data = read_inputs(pipeline, options.inputs);
  for (const auto& warning : pipeline.name_warnings()) note("warning: " + escaped(on_one_line(warning)));
  if (!options.documents.empty()) write_documents(pipeline, read_documents(options.documents));

  ReplyPrinter printer;
  std::string shown;
  if (options.json) silence(pipeline, data);

  const Interrupt interrupt;
  Value::Object outputs;
  try {
    warm_up(pipeline, options, interrupt);
    if (!options.json && !options.no_stream && output_is_terminal())
      stream(pipeline, data, {"", [&](const StreamingChunk& chunk) {
                                shown += chunk.content;
                                printer.print_part(chunk.content);
                              }});
    outputs = pipeline.run(
        data,
        {.include_outputs_from = wanted_components(pipeline, options), .stop = interrupt.token(), .log = tell_message});
  } catch (...) {
    printer.end();
    interrupt.check();
    throw;
  }
  printer.end();
  auto printed = by_names(pipeline, outputs);
  const auto others = printed.empty() ? outputs : only(outputs, options.include_outputs_from);
  for (const auto& [name, value] : options.json ? others : by_sockets(others)) printed.set(name, value);
  if (options.json)
    print(outputs_as_value(pipeline, std::move(printed)).to_json(2) + "\n");
  else
    print_outputs(printed, shown);
  flush();
  return interrupt.signal() == 0 ? done : 128 + interrupt.signal();
}

}  // namespace

void add_pipeline_run(CLI::App& pipeline, Action& action) {
  auto* command = pipeline.add_subcommand("run", "Run a pipeline and print its outputs");
  set_help(*command, pipeline_run_examples);
  auto options = std::make_shared<PipelineRunOptions>();
  add_pipeline_file(*command, options->file);
  const auto repeated = [&](const char* name, std::vector<std::string>& values, const char* type, const char* what) {
    command->add_option(name, values, what)->type_name(type)->allow_extra_args(false);
  };
  repeated("--input", options->inputs, "INPUT", pipeline_input_help);
  repeated("--device", options->devices, "COMPONENT=DEVICE",
           "Where a component runs, in place of what the file says, as in llm=cuda:0, or llm=auto; can be repeated");
  repeated("--include-outputs-from", options->include_outputs_from, "COMPONENT",
           "Also print the outputs of this one that others take; can be repeated");
  command
      ->add_option("--documents", options->documents,
                   "Documents for the in-memory stores of the pipeline: a JSON list, or what a store saved")
      ->type_name("FILE");
  command->add_flag("--no-stream", options->no_stream, "Print replies when they are complete, also at a terminal");
  command->add_flag(
      "--json", options->json,
      "Print one JSON document: {\"outputs\": {COMPONENT: {OUTPUT: ...}}, \"devices\": {...}}, with the names that "
      "the file gives to outputs in place of COMPONENT");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace berth::cli
