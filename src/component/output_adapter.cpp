#include "berth/output_adapter.h"

#include <fmt/format.h>

#include <stdexcept>

#include "component/python_type.h"
#include "component/sandboxed_template.h"
#include "jinja/template.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

constexpr std::size_t most_shown_of_adapter = 2000;

OutputAdapterParameters with_full_type(OutputAdapterParameters given) {
  if (given.output_type.empty()) throw std::invalid_argument("OutputAdapter needs an output_type, such as \"str\"");
  given.output_type = python_type(given.output_type).text;
  return given;
}

JinjaTemplate parsed(const std::string& source, const OrderedMap<Value>& custom_filters) {
  try {
    return sandboxed_template(source, custom_filters, true);
  } catch (const TemplateError& problem) {
    throw std::invalid_argument(fmt::format("Invalid Jinja template {}: {}", in_quotes(source), problem.what()));
  }
}

}  // namespace

OutputAdapter::OutputAdapter(Parameters given)
    : ComponentWith(type_name, with_full_type(std::move(given))),
      template_(
          std::make_shared<const JinjaTemplate>(parsed(parameters().adapter_template, parameters().custom_filters))),
      output_(output("output", python_type(parameters().output_type).type)) {
  for (const auto& name : template_->variables()) variables_.emplace_back(name, input<Value>(name));
}

std::optional<std::string> OutputAdapter::known_problem() const {
  return problem_of_templates("OutputAdapter", parameters().unsafe, parameters().custom_filters);
}

void OutputAdapter::warm_up(const CallContext&) {
  if (const auto problem = known_problem()) throw std::invalid_argument(*problem);
}

void OutputAdapter::run(Run& run) {
  warm_up();
  if (variables_.empty()) throw std::invalid_argument("No input data provided for output adaptation");
  Value::Object variables;
  for (const auto& [name, input] : variables_) variables.set(name, run.value(input));
  try {
    run.set(output_, value_of_rendered(template_->render(variables)));
  } catch (const TemplateError& problem) {
    throw std::invalid_argument(fmt::format("Error adapting {} with {}: {}",
                                            printable(parameters().adapter_template, most_shown_of_adapter),
                                            printable(python_repr(variables), most_shown_of_adapter), problem.what()));
  }
}

}  // namespace berth
