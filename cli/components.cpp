#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "berth/component.h"
#include "command.h"
#include "failure.h"
#include "help.h"
#include "output.h"
#include "text.h"
#include "text/nearest.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto components_examples =
    "Examples:\n"
    "  berth components\n"
    "  berth components PromptBuilder\n"
    "  berth components --json";

struct ComponentsOptions {
  std::string name;
  bool json = false;
};

std::string class_name(const std::string& type) { return type.substr(type.rfind('.') + 1); }
std::string class_name(const ComponentClass& component) { return class_name(component.type); }

enum class Place { device, elsewhere, none };

Place place_of(const ComponentClass& component) {
  if (component.remote) return Place::elsewhere;
  const bool has_device =
      std::ranges::find(component.parameters, "device", &ParameterInfo::name) != component.parameters.end();
  return has_device ? Place::device : Place::none;
}

std::string_view place_name(Place place) {
  return place == Place::device ? "device" : place == Place::elsewhere ? "elsewhere" : "none";
}

/// One to look at; nothing is loaded for it.
std::unique_ptr<Component> example_of(const ComponentClass& component) {
  return component.example ? component.example() : component.create({});
}

const ComponentClass& component_named(const std::string& name) {
  std::vector<std::string> known;
  const ComponentClass* found = nullptr;
  for (const ComponentClass* each : component_classes()) {
    const auto is_called = [&](const std::string& type) { return type == name || class_name(type) == name; };
    if (is_called(each->type) || std::ranges::any_of(each->aliases, is_called)) found = each;
    known.push_back(class_name(*each));
  }
  if (found != nullptr) return *found;
  throw WrongUse(fmt::format("There is no component {} in Berth{}", in_quotes(name),
                             nearest_hint(name.substr(name.rfind('.') + 1), known)),
                 "berth components");
}

Value component_as_value(const ComponentClass& component) {
  const auto example = example_of(component);
  Value::Array parameters;
  for (const auto& [name, type, default_value] : component.parameters)
    parameters.push_back(Value::Object{{"name", name}, {"type", type.str()}, {"default", default_value}});
  Value::Array inputs;
  for (const auto& input : example->inputs()) {
    Value::Object entry{{"name", input.name}, {"type", input.type.str()}, {"is_mandatory", !input.default_value}};
    if (input.default_value) entry.set("default", *input.default_value);
    inputs.emplace_back(std::move(entry));
  }
  Value::Array outputs;
  for (const auto& output : example->outputs())
    outputs.push_back(Value::Object{{"name", output.name}, {"type", output.type.str()}});
  return Value::Object{{"name", class_name(component)},
                       {"type", component.type},
                       {"runs_on", place_name(place_of(component))},
                       {"parameters", std::move(parameters)},
                       {"inputs", std::move(inputs)},
                       {"outputs", std::move(outputs)}};
}

Value all_as_value() {
  Value::Array all;
  for (const ComponentClass* each : component_classes()) all.push_back(component_as_value(*each));
  return Value::Object{{"components", std::move(all)}};
}

void print_list() {
  std::vector<std::vector<std::string>> rows{{"COMPONENT", "RUNS ON", "OUTPUTS"}};
  for (const ComponentClass* each : component_classes()) {
    const auto place = place_of(*each);
    const auto example = example_of(*each);
    std::string outputs;
    for (const auto& output : example->outputs()) outputs += (outputs.empty() ? "" : ", ") + output.name;
    rows.push_back({class_name(*each),
                    place == Place::device      ? "a device here"
                    : place == Place::elsewhere ? "elsewhere"
                                                : "-",
                    outputs});
  }
  // Names are needed whole.
  const auto is_narrower = [](const auto& a, const auto& b) { return a[0].size() < b[0].size(); };
  const auto room = 80 - std::ranges::max_element(rows, is_narrower)->front().size() - std::string_view("    ").size() -
                    std::string_view("a device here").size();
  for (auto& row : rows)
    if (characters(row[2]) > room) row[2] = fitted(row[2], room);
  print(table(rows));
}

void print_one(const ComponentClass& component) {
  const auto example = example_of(component);
  print(component.type + "\n\n");
  switch (place_of(component)) {
    case Place::device:
      print("Runs on a device of this machine.\n");
      break;
    case Place::elsewhere:
      print("Its model runs on machines of a service; it has no device.\n");
      break;
    case Place::none:
      print("Needs no device.\n");
  }
  print("\nParameters:\n");
  for (const auto& [name, type, default_value] : component.parameters)
    print(entry(name, type.str() + " = " + escaped(default_value.to_json())));
  print("\nInputs:\n");
  for (const auto& input : example->inputs())
    print(entry(input.name, input.type.str() + (input.default_value ? " = " + escaped(input.default_value->to_json())
                                                                    : ", must be given")));
  if (std::ranges::find(component.parameters, "variables", &ParameterInfo::name) != component.parameters.end())
    print(entry("...", "one for each variable of the template"));
  print("\nOutputs:\n");
  for (const auto& output : example->outputs()) print(entry(output.name, output.type.str()));
}

int components(const ComponentsOptions& options) {
  if (options.json) {
    print((options.name.empty() ? all_as_value() : component_as_value(component_named(options.name))).to_json(2) +
          "\n");
  } else if (options.name.empty()) {
    print_list();
  } else {
    print_one(component_named(options.name));
  }
  return done;
}

}  // namespace

void add_components(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("components", "List what pipelines can be made of, or tell all about NAME");
  set_help(*command, components_examples);
  auto options = std::make_shared<ComponentsOptions>();
  command->add_option("NAME", options->name, "A component, by its class or its whole type")->type_name("COMPONENT");
  command->add_flag(
      "--json", options->json,
      "Print one JSON document: {\"components\": [...]}, or that of NAME with parameters, inputs, outputs");
  command->callback([options, &action] { action = [options] { return components(*options); }; });
}

}  // namespace berth::cli
