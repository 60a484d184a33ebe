#include "pipeline_devices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "device_argument.h"
#include "failure.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto command = "berth pipeline run";

bool has_device(const Component& component) {
  const auto& known = component_class(component.type()).parameters;
  return std::ranges::find(known, "device", &ParameterInfo::name) != known.end();
}

void check_has_device(const Pipeline& pipeline, const std::string& name) {
  const auto names = pipeline.component_names();
  if (std::ranges::find(names, name) == names.end())
    throw WrongUse(
        fmt::format("There is no component {} in the pipeline{}", in_quotes(name), nearest_hint(name, names)), command);
  if (has_device(pipeline.component(name))) return;
  std::vector<std::string> with;
  for (const auto& each : names)
    if (has_device(pipeline.component(each))) with.push_back(each);
  throw WrongUse(fmt::format("The component {} has no device; {}", in_quotes(name),
                             with.empty() ? "none of this pipeline has one"
                                          : fmt::format("those that have one: {}", fmt::join(with, ", "))),
                 command);
}

/// Takes a device out of the arguments of Hugging Face's pipelines and models, where it would win over the parameter.
void drop_devices(Value::Object& parameters, const char* arguments) {
  Value* given = parameters.find(arguments);
  if (given == nullptr || !given->is_object()) return;
  given->as_object().erase("device");
  given->as_object().erase("device_map");
  drop_devices(given->as_object(), "model_kwargs");
}

}  // namespace

Pipeline with_devices(Pipeline pipeline, const std::vector<std::string>& choices) {
  if (choices.empty()) return pipeline;
  auto data = pipeline.to_dict();
  data.as_object().set("inputs", to_value(pipeline.options().input_names));
  data.as_object().set("outputs", to_value(pipeline.options().output_names));
  std::set<std::string> chosen;
  for (const auto& choice : choices) {
    const auto equals = choice.find('=');
    if (equals == choice.npos || equals == 0)
      throw WrongUse(fmt::format("--device takes COMPONENT=DEVICE, as in llm=cuda:0, not {}", in_quotes(choice)),
                     command);
    const auto name = choice.substr(0, equals);
    check_has_device(pipeline, name);
    if (!chosen.insert(name).second)
      throw WrongUse(fmt::format("The device of {} is given twice", in_quotes(name)), command);
    auto& component = data.as_object().find("components")->as_object().find(name)->as_object();
    auto& parameters = component.find("init_parameters")->as_object();
    drop_devices(parameters, "huggingface_pipeline_kwargs");
    drop_devices(parameters, "model_kwargs");
    const auto device = choice.substr(equals + 1);
    parameters.set("device", device == "auto" ? Value() : parse_device_argument(device).to_dict());
  }
  return Pipeline::from_dict(data);
}

}  // namespace berth::cli
