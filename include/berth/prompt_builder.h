/// PromptBuilder: a prompt from a Jinja template, as Haystack's component of that name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "berth/component.h"
#include "berth/value.h"

namespace berth {

class JinjaTemplate;

/// The names of variables that must be given, or "*" for all of them.
using RequiredVariables = std::variant<std::string, std::vector<std::string>>;

struct PromptBuilderParameters {
  std::optional<std::string> prompt_template = {};  ///< "template" in serialized forms; must be given
  std::optional<RequiredVariables> required_variables = {};
  std::optional<std::vector<std::string>> variables = {};  ///< inputs, in place of those that the template takes

  static auto fields() {
    using P = PromptBuilderParameters;
    return std::tuple(field("template", &P::prompt_template), field("variables", &P::variables),
                      field("required_variables", &P::required_variables));
  }
};

/// Each variable of the template is an input; one that is not required is an empty string where it is not given.
/// Documents and messages show their attributes: {{ documents[0].content }}.
///
///     PromptBuilder builder({.prompt_template = "Translate to {{ language }}: {{ text }}"});
///     run_component(builder, {{"language", "Spanish"}, {"text", "Good morning"}}).at("prompt");
///
/// The input `template` replaces the template for one run, `template_variables` wins over the other inputs. What
/// differs from jinja2 stands in docs/haystack-compatibility.md.
/// Safe to use from several threads.
class PromptBuilder final : public ComponentWith<PromptBuilderParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.builders.prompt_builder.PromptBuilder";

  /// Throws std::invalid_argument where the template is missing or none.
  explicit PromptBuilder(PromptBuilderParameters parameters);

  /// Throws std::invalid_argument where a required variable is missing, or the template cannot be rendered.
  void run(Run& run) override;
  bool concurrent() const override { return true; }

 private:
  std::shared_ptr<const JinjaTemplate> template_;
  std::vector<std::pair<std::string, Input<Value>>> variables_;
  Input<std::optional<std::string>> other_template_ = input<std::optional<std::string>>("template", std::nullopt);
  Input<std::optional<Value::Object>> template_variables_ =
      input<std::optional<Value::Object>>("template_variables", std::nullopt);
  Output<std::string> prompt_ = output<std::string>("prompt");
};

}  // namespace berth
