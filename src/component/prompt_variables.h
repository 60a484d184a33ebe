/// What the builders of prompts share: the variables of their templates.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/component.h"
#include "berth/prompt_builder.h"

namespace berth {

using PromptVariables = std::vector<std::pair<std::string, Input<Value>>>;

/// Throws std::invalid_argument for a text that is not "*".
void check_required_variables(const std::optional<RequiredVariables>& required);

/// The names without those that are there already.
std::vector<std::string> without_repeats(const std::vector<std::string>& names);

bool is_required(const std::optional<RequiredVariables>& required, const std::string& name);

/// What a template is rendered with: the inputs, and `template_variables` over them. Throws std::invalid_argument with
/// Haystack's text where a required one is missing; `component` is the name in it.
Value::Object gather_variables(const Run& run, const PromptVariables& variables,
                               const std::optional<Value::Object>& template_variables,
                               const std::optional<RequiredVariables>& required, std::string_view component);

}  // namespace berth
