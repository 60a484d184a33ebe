#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "berth/error.h"
#include "berth/model.h"
#include "berth/resolve.h"
#include "device_argument.h"
#include "failure.h"
#include "help.h"
#include "output.h"
#include "pipeline.h"
#include "pipeline_file.h"
#include "text.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto pipeline_validate_examples =
    "Examples:\n"
    "  berth pipeline validate rag.yaml\n"
    "  berth pipeline validate - --json < rag.yaml";

struct PipelineValidateOptions {
  std::string file;
  bool json = false;
};

struct Part {
  std::string name;
  std::string type;
  std::optional<ComponentDevice> device;
  std::optional<std::string> model;
  std::string revision;  ///< of the model; empty: the one that is cached
  bool remote;
  bool has_engine;
  bool generates;  ///< text, so that its model is no encoder
};

std::optional<std::string> model_of(const Component& component) {
  const auto parameters = component.init_parameters();
  const Value* arguments = parameters.find("huggingface_pipeline_kwargs");
  const Value* candidates[] = {arguments == nullptr ? nullptr : arguments->find("model"), parameters.find("model"),
                               parameters.find("azure_deployment")};
  for (const Value* model : candidates)
    if (model != nullptr && model->is_string()) return model->as_string();
  return std::nullopt;
}

std::string revision_of(const Component& component) {
  const auto parameters = component.init_parameters();
  const Value* arguments = parameters.find("huggingface_pipeline_kwargs");
  for (const Value* revision :
       {arguments == nullptr ? nullptr : arguments->find("revision"), parameters.find("revision")})
    if (revision != nullptr && revision->is_string()) return revision->as_string();
  return {};
}

std::vector<Part> parts_of(const Pipeline& pipeline) {
  std::vector<Part> parts;
  for (const auto& name : pipeline.component_names()) {
    const auto& component = pipeline.component(name);
    parts.push_back({name, std::string(component.type()), component.device(), model_of(component),
                     revision_of(component), component_class(component.type()).remote,
                     component_class(component.type()).has_engine,
                     component.init_parameters().contains("generation_kwargs")});
  }
  return parts;
}

/// Why this machine cannot give a device; empty where it can. One look for all components on the same device.
class DeviceCheck {
 public:
  const std::string& problem(const ComponentDevice& device) {
    const auto known = problems_.find(device.str());
    if (known != problems_.end()) return known->second;
    std::string problem;
    try {
      resolve_here(device);
    } catch (const DeviceNotFound& lacking) {
      problem = lacking.what();
    }
    return problems_.emplace(device.str(), std::move(problem)).first->second;
  }

 private:
  std::map<std::string, std::string> problems_;
};

/// What this machine lacks.
void add_lacking(const Part& part, DeviceCheck& check, std::vector<std::string>& warnings) {
  if (part.device)
    if (const auto& problem = check.problem(*part.device); !problem.empty())
      warnings.push_back(fmt::format("'{}': {}", part.name, problem));
  if (!part.model || part.remote || !part.has_engine) return;
  try {
    const auto search = ModelSearch::from_environment();
    (void)(part.generates ? locate_model(*part.model, search) : locate_encoder(*part.model, search, part.revision));
  } catch (const std::exception& problem) {
    warnings.push_back(fmt::format("'{}': {}", part.name, problem.what()));
  }
}

Value part_as_value(const Part& part) {
  return Value::Object{{"name", part.name},
                       {"type", part.type},
                       {"device", part.device ? plain_value(*part.device) : Value()},
                       {"model", part.model ? Value(*part.model) : Value()}};
}

void print_components(const std::vector<Part>& parts) {
  std::vector<std::vector<std::string>> rows{{"COMPONENT", "TYPE", "DEVICE", "MODEL"}};
  for (const auto& part : parts)
    rows.push_back({escaped(part.name), part.type.substr(part.type.rfind('.') + 1),
                    part.device   ? part.device->str()
                    : part.remote ? "elsewhere"
                                  : "-",
                    escaped(part.model.value_or("-"))});
  print(table(rows));
}

/// "  llm.prompt  str" for each socket that `wanted` holds for, under a heading.
template <class F>
void print_sockets(const std::string& heading, const Value::Object& all, F wanted) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [component, sockets] : all)
    for (const auto& [name, socket] : sockets.as_object())
      if (wanted(socket)) rows.push_back({"  " + escaped(component + "." + name), socket.find("type")->as_string()});
  if (!rows.empty()) print("\n" + heading + ":\n" + table(rows));
}

/// "  query  retriever.query, prompt.question" for each, under a heading.
void print_names(const std::string& heading, const OrderedMap<std::vector<std::string>>& names) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, sockets] : names)
    rows.push_back({"  " + escaped(name), escaped(fmt::format("{}", fmt::join(sockets, ", ")))});
  if (!rows.empty()) print("\n" + heading + ":\n" + table(rows));
}

int validate(const PipelineValidateOptions& options) {
  const auto pipeline = load_pipeline(options.file);
  const auto parts = parts_of(pipeline);
  auto warnings = pipeline.warnings();
  DeviceCheck check;
  for (const auto& part : parts) add_lacking(part, check, warnings);
  for (auto& warning : warnings) warning = on_one_line(warning);

  if (options.json) {
    Value::Array components;
    for (const auto& part : parts) components.push_back(part_as_value(part));
    Value::Array told(warnings.begin(), warnings.end());
    print(Value(Value::Object{{"components", std::move(components)},
                              {"inputs", pipeline.inputs()},
                              {"outputs", pipeline.outputs()},
                              {"input_names", to_value(pipeline.options().input_names)},
                              {"output_names", to_value(pipeline.options().output_names)},
                              {"warnings", std::move(told)}})
              .to_json(2) +
          "\n");
  } else {
    print_components(parts);
    const auto mandatory = [](const Value& socket) { return socket.find("is_mandatory")->as_bool(); };
    print_sockets("Inputs that must be given", pipeline.inputs(), mandatory);
    print_sockets("Inputs that can be given", pipeline.inputs(), std::not_fn(mandatory));
    print_sockets("Outputs", pipeline.outputs(), [](const Value&) { return true; });
    print_names("Inputs by the names of the file", pipeline.options().input_names);
    print_names("Outputs by the names of the file", pipeline.options().output_names);
  }
  for (const auto& warning : warnings) note("warning: " + escaped(warning));
  return done;
}

}  // namespace

void add_pipeline_validate(CLI::App& pipeline, Action& action) {
  auto* command =
      pipeline.add_subcommand("validate", "Check a pipeline, print its components, their devices, inputs and outputs");
  set_help(*command, pipeline_validate_examples);
  auto options = std::make_shared<PipelineValidateOptions>();
  add_pipeline_file(*command, options->file);
  command->add_flag("--json", options->json,
                    "Print one JSON document: {\"components\": [...], \"inputs\": {...}, \"outputs\": {...}, "
                    "\"warnings\": [...]}");
  command->callback([options, &action] { action = [options] { return validate(*options); }; });
}

}  // namespace berth::cli
