#include "pipeline_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "berth/error.h"
#include "failure.h"
#include "text/nearest.h"
#include "text/printable.h"
#include "text_file.h"
#include "value_file.h"

namespace berth::cli {
namespace {

constexpr auto command_name = "berth pipeline run";

Value parse_argument(const std::string& text) {
  try {
    return Value::from_json(text);
  } catch (const FormatError& problem) {
    throw WrongUse(fmt::format("--input starts as JSON, but is none: {}", problem.what()), command_name);
  }
}

bool takes_text(const Type& type) {
  return type.is_any() || type.name() == "str" || (type.is_union() && std::ranges::any_of(type.args(), takes_text));
}

class Inputs {
 public:
  explicit Inputs(const Pipeline& pipeline)
      : pipeline_(pipeline), names_(pipeline.component_names()), open_(pipeline.inputs()) {}

  void add(const std::string& argument) {
    if (starts_as_json(argument)) return add_all(parse_argument(argument), "--input");
    const auto equals = argument.find('=');
    // A path can have a "=" too, once it has a "/".
    if (equals == argument.npos || equals == 0 || argument.find('/') < equals)
      return add_all(read_value_file(argument, "inputs"), file_name_for_messages(argument));
    const auto name = argument.substr(0, equals);
    const auto text = argument.substr(equals + 1);
    for (const auto& [component, input] : sockets_of(name)) add_text(component, input, text);
  }

  Value::Object take() && { return std::move(data_); }

 private:
  void add_all(const Value& given, const std::string& source) {
    if (!given.is_object())
      throw WrongUse(fmt::format("{}: inputs are an object, {{\"COMPONENT\": {{\"INPUT\": ...}}}}; this is a {}",
                                 source, given.type_name()),
                     command_name);
    for (const auto& [name, value] : given.as_object()) {
      const bool is_component = value.is_object() && std::ranges::find(names_, name) != names_.end();
      if (is_component)
        for (const auto& [input, each] : value.as_object()) set(name, input, each);
      else
        for (const auto& [component, input] : sockets_of(name)) set(component, input, value);
    }
  }

  void add_text(const std::string& component, const std::string& input, const std::string& text) {
    const auto& sockets = component_named(component).inputs();
    const auto socket = std::ranges::find(sockets, input, &InputSocket::name);
    if (socket == sockets.end() || takes_text(socket->type)) return set(component, input, text);
    try {
      set(component, input, Value::from_json(text));
    } catch (const FormatError&) {
      throw WrongUse(
          fmt::format("The input '{}.{}' takes {}, not {}", component, input, socket->type.str(), in_quotes(text)),
          command_name);
    }
  }

  void set(const std::string& component, const std::string& input, Value value) {
    const auto& sockets = component_named(component).inputs();
    if (std::ranges::find(sockets, input, &InputSocket::name) == sockets.end()) {
      std::vector<std::string> known;
      for (const auto& socket : sockets) known.push_back(socket.name);
      throw WrongUse(fmt::format("The component {} has no input {}{}", in_quotes(component), in_quotes(input),
                                 nearest_hint(input, known)),
                     command_name);
    }
    if (!data_.contains(component)) data_.set(component, Value::Object{});
    auto& inputs = data_.find(component)->as_object();
    if (inputs.contains(input))
      throw WrongUse(fmt::format("The input {} is given twice", in_quotes(component + "." + input)), command_name);
    inputs.set(input, std::move(value));
  }

  const Component& component_named(const std::string& name) const {
    if (std::ranges::find(names_, name) == names_.end())
      throw WrongUse(
          fmt::format("There is no component {} in the pipeline{}", in_quotes(name), nearest_hint(name, names_)),
          command_name);
    return pipeline_.component(name);
  }

  struct Socket {
    std::string component;
    std::string input;
  };

  /// What "INPUT", "COMPONENT.INPUT" or a name that the file gives stands for.
  std::vector<Socket> sockets_of(const std::string& name) const {
    const auto of = [](const std::string& text) {
      const auto dot = std::min(text.find('.'), text.size());
      return Socket{text.substr(0, dot), text.substr(std::min(dot + 1, text.size()))};
    };
    if (const auto* given = pipeline_.options().input_names.find(name)) {
      std::vector<Socket> sockets;
      std::ranges::transform(*given, std::back_inserter(sockets), of);
      return sockets;
    }
    if (name.find('.') != name.npos) return {of(name)};
    return who_take(name);
  }

  /// The inputs of this name which nobody sends to.
  std::vector<Socket> who_take(const std::string& input) const {
    std::vector<Socket> found;
    std::vector<std::string> known;
    for (const auto& [name, sockets] : pipeline_.options().input_names) known.push_back(name);
    for (const auto& [component, inputs] : open_)
      for (const auto& [name, socket] : inputs.as_object()) {
        if (name == input) found.push_back({component, name});
        if (std::ranges::find(known, name) == known.end()) known.push_back(name);
      }
    if (found.empty() && std::ranges::find(names_, input) != names_.end())
      throw WrongUse(is_component(input), command_name);
    known.insert(known.end(), names_.begin(), names_.end());
    if (found.empty())
      throw WrongUse(fmt::format("Neither a component nor an input to be given is called {}{}", in_quotes(input),
                                 nearest_hint(input, known)),
                     command_name);
    return found;
  }

  std::string is_component(const std::string& name) const {
    std::vector<std::string> inputs;
    if (const Value* open = open_.find(name))
      for (const auto& [input, socket] : open->as_object()) inputs.push_back(fmt::format("{}.{}", name, input));
    return fmt::format("{} is a component, not an input; {}", in_quotes(name),
                       inputs.empty() ? "it has none to be given"
                                      : fmt::format("its inputs are given as {}=...", fmt::join(inputs, "=..., ")));
  }

  const Pipeline& pipeline_;
  std::vector<std::string> names_;
  Value::Object open_;
  Value::Object data_;
};

}  // namespace

Value::Object read_inputs(const Pipeline& pipeline, const std::vector<std::string>& arguments) {
  Inputs inputs(pipeline);
  for (const auto& argument : arguments) inputs.add(argument);
  return std::move(inputs).take();
}

}  // namespace berth::cli
