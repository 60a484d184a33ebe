#include "berth/prompt_builder.h"

#include <stdexcept>

#include "component/prompt_variables.h"
#include "jinja/template.h"

namespace berth {

PromptBuilder::PromptBuilder(PromptBuilderParameters given) : ComponentWith(type_name, std::move(given)) {
  const auto& [text, required, names] = parameters();
  if (!text) throw std::invalid_argument("PromptBuilder needs a template: give the parameter 'template'");
  check_required_variables(required);
  template_ = std::make_shared<const JinjaTemplate>(*text);
  const bool own_names = names && !names->empty();
  for (const auto& name : without_repeats(own_names ? *names : template_->variables()))
    variables_.emplace_back(name, is_required(required, name) ? input<Value>(name) : input<Value>(name, ""));
}

void PromptBuilder::run(Run& run) {
  const auto variables =
      gather_variables(run, variables_, run.get(template_variables_), parameters().required_variables, "PromptBuilder");
  const auto other = run.get(other_template_);
  run.set(prompt_, other ? JinjaTemplate(*other).render(variables) : template_->render(variables));
}

}  // namespace berth
