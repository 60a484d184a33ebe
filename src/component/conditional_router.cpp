#include "berth/conditional_router.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "component/python_type.h"
#include "component/sandboxed_template.h"
#include "jinja/template.h"
#include "text/printable.h"
#include "value/python_compare.h"
#include "value/python_literal.h"
#include "value/python_text.h"

namespace berth {
namespace {

constexpr std::size_t most_shown_of_route = 2000;

/// One value as a list of it.
Value::Array listed(const Value& value) { return value.is_array() ? value.as_array() : Value::Array{value}; }

/// `types` with each in Haystack's spelling.
Value spelled(const Value& types) {
  if (!types.is_array()) return python_type(types.as_string()).text;
  Value::Array all;
  for (const auto& each : types.as_array()) all.push_back(python_type(each.as_string()).text);
  return all;
}

ConditionalRouterParameters with_full_types(ConditionalRouterParameters given) {
  for (auto& route : given.routes)
    if (Value* types = route.find("output_type")) *types = spelled(*types);
  return given;
}

std::string repr_of_types(const Value& types) {
  if (!types.is_array()) return python_type(types.as_string()).repr;
  std::string all;
  for (const auto& each : types.as_array()) all += (all.empty() ? "" : ", ") + python_type(each.as_string()).repr;
  return "[" + all + "]";
}

/// As Python prints it, where types are no texts.
std::string repr_of_route(const Value::Object& route) {
  std::string all;
  for (const auto& [name, value] : route)
    all += fmt::format("{}{}: {}", all.empty() ? "" : ", ", python_repr(name),
                       name == "output_type" ? repr_of_types(value) : python_repr(value));
  return printable("{" + all + "}", most_shown_of_route);
}

JinjaTemplate template_of(const Value& source, const OrderedMap<Value>& custom_filters, const std::string& what) {
  if (!source.is_string()) {
    const auto repr = printable(python_repr(source), most_shown_of_route);
    throw std::invalid_argument(fmt::format(
        "Invalid template for {}: {} (type: {}).{}{} must be a string representing a valid Jinja2 template. For "
        "example, use {} instead of {}.",
        what, repr, python_type_name(source), what == "output" ? " " : "", what == "output" ? "Output" : "Condition",
        python_repr(python_str(source)), repr));
  }
  try {
    return sandboxed_template(source.as_string(), custom_filters);
  } catch (const TemplateError& problem) {
    throw std::invalid_argument(fmt::format("Invalid template for {}: {} ({})", what,
                                            printable(source.as_string(), most_shown_of_route), problem.what()));
  }
}

bool is_true(const Value& value) {
  if (value.is_null()) return false;
  if (value.is_bool()) return value.as_bool();
  if (value.is_number()) return value.as_double() != 0;
  if (value.is_string()) return !value.as_string().empty();
  if (value.is_array()) return !value.as_array().empty();
  return !value.is_object() || !value.as_object().empty();
}

}  // namespace

/// What one entry of `routes` says.
struct ConditionalRouter::Route {
  struct Sent {
    std::string name;
    Type type;
    std::string text;                       // the name of a variable, or the template
    std::optional<JinjaTemplate> rendered;  // none: the variable goes through
  };

  Route(const Value::Object& given, const OrderedMap<Value>& custom_filters)
      : repr(repr_of_route(given)), condition(checked_condition(given, custom_filters)) {
    const Value* passthrough = given.find("output_passthrough");
    const bool goes_through = passthrough != nullptr && is_true(*passthrough);
    const auto texts = listed(given.at("output"));
    const auto names = listed(given.at("output_name"));
    const auto types = listed(given.at("output_type"));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::optional<JinjaTemplate> rendered;
      if (!goes_through) rendered = template_of(texts[i], custom_filters, "output");
      sent.push_back(
          {names[i].as_string(), python_type(types[i].as_string()).type, texts[i].as_string(), std::move(rendered)});
    }
  }

  std::vector<std::string> variables() const {
    auto all = condition.variables();
    for (const auto& each : sent) {
      const auto names = each.rendered ? each.rendered->variables() : std::vector{each.text};
      all.insert(all.end(), names.begin(), names.end());
    }
    return all;
  }

  bool applies(const Value::Object& given) const {
    const auto text = condition.render(given);
    const auto value = python_literal(text);
    if (!value)
      throw std::invalid_argument(
          fmt::format("the condition gives {}, which is no literal of Python's: let it compare "
                      "something, so that it is True or False",
                      in_quotes(text)));
    return is_true(*value);
  }

  std::string repr;
  JinjaTemplate condition;
  std::vector<Sent> sent;

 private:
  static JinjaTemplate checked_condition(const Value::Object& route, const OrderedMap<Value>& custom_filters) {
    for (const char* name : {"condition", "output", "output_type", "output_name"})
      if (!route.contains(name))
        throw std::invalid_argument(
            fmt::format("Route must contain 'condition', 'output', 'output_type' and 'output_name' fields: {}",
                        repr_of_route(route)));
    const auto count = listed(route.at("output")).size();
    if (listed(route.at("output_type")).size() != count || listed(route.at("output_name")).size() != count)
      throw std::invalid_argument(
          fmt::format("Route output, output_type and output_name must have same length: {}", repr_of_route(route)));
    return template_of(route.at("condition"), custom_filters, "condition");
  }
};

ConditionalRouter::ConditionalRouter(Parameters given) : ComponentWith(type_name, with_full_types(std::move(given))) {
  for (const auto& route : parameters().routes)
    routes_.push_back(std::make_shared<const Route>(route, parameters().custom_filters));
  for (const auto& route : routes_) declare(*route);
  for (const auto& name : parameters().optional_variables)
    if (std::ranges::find(variables_, name, [](const auto& each) { return each.first; }) == variables_.end())
      variables_.emplace_back(name, input<Value>(name, Value()));
  std::map<std::string, Type> types;  // of a name that several routes have, the last one counts
  std::vector<std::string> names;
  for (const auto& route : routes_)
    for (const auto& each : route->sent)
      if (types.insert_or_assign(each.name, each.type).second) names.push_back(each.name);
  for (const auto& name : names) outputs_.emplace_back(name, output(name, types.at(name)));
}

/// Makes inputs of the route's variables.
void ConditionalRouter::declare(const Route& route) {
  const auto& optional = parameters().optional_variables;
  for (const auto& name : route.variables()) {
    if (std::ranges::find(variables_, name, [](const auto& each) { return each.first; }) != variables_.end()) continue;
    const bool must_be_given = std::ranges::find(optional, name) == optional.end();
    variables_.emplace_back(name, must_be_given ? input<Value>(name) : input<Value>(name, Value()));
  }
}

std::optional<std::string> ConditionalRouter::known_problem() const {
  return problem_of_templates("ConditionalRouter", parameters().unsafe, parameters().custom_filters);
}

void ConditionalRouter::warm_up(const CallContext&) {
  if (const auto problem = known_problem()) throw std::invalid_argument(*problem);
}

void ConditionalRouter::run(Run& run) {
  warm_up();
  Value::Object variables;
  for (const auto& [name, input] : variables_) variables.set(name, run.value(input));
  for (const auto& route : routes_) {
    std::vector<Value> values;
    try {
      if (!route->applies(variables)) continue;
      for (const auto& each : route->sent)
        values.push_back(each.rendered ? value_of_rendered(each.rendered->render(variables)) : variables.at(each.text));
    } catch (const std::invalid_argument& problem) {
      throw std::invalid_argument(
          fmt::format("Error evaluating condition for route '{}': {}", route->repr, problem.what()));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto& each = route->sent[i];
      if (parameters().validate_output_type && !is_of_type(values[i], each.type))
        throw std::invalid_argument(fmt::format("Route '{}' type doesn't match expected type", each.name));
      const auto found = std::ranges::find(outputs_, each.name, [](const auto& entry) { return entry.first; });
      run.set(found->second, std::move(values[i]));
    }
    return;
  }
  std::string all;
  for (const auto& route : routes_) all += (all.empty() ? "" : ", ") + route->repr;
  throw std::invalid_argument(fmt::format("No route fired. Routes: [{}]", all));
}

}  // namespace berth
