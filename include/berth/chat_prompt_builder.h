/// ChatPromptBuilder: the messages of a chat from a Jinja template, as Haystack's component of that name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "berth/chat_message.h"
#include "berth/component.h"
#include "berth/prompt_builder.h"
#include "berth/value.h"

namespace berth {

/// Messages whose texts are templates (those of the system and of the user), or one template of
/// {% message role="user" %}...{% endmessage %} blocks.
using ChatTemplateSource = std::variant<std::vector<ChatMessage>, std::string>;

/// In its serialized form messages are their dictionaries.
struct ChatPromptBuilderParameters {
  std::optional<ChatTemplateSource> prompt_template = {};  ///< "template" in serialized forms
  std::optional<RequiredVariables> required_variables = {};
  std::optional<std::vector<std::string>> variables = {};  ///< inputs, in place of those that the template takes

  static auto fields() {
    using P = ChatPromptBuilderParameters;
    return std::tuple(field("template", &P::prompt_template), field("variables", &P::variables),
                      field("required_variables", &P::required_variables));
  }
};

/// As PromptBuilder, for chats. In a template of blocks the filter templatize_part puts an image, a file, a tool call or
/// another part of a message in its place.
///
///     ChatPromptBuilder builder({.prompt_template = std::vector{ChatMessage::from_user("What is {{ it }}?")}});
///     run_component(builder, {{"it", "rain"}}).at("prompt");
///
/// Safe to use from several threads.
class ChatPromptBuilder final : public ComponentWith<ChatPromptBuilderParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.builders.chat_prompt_builder.ChatPromptBuilder";

  /// Throws std::invalid_argument where the template is none.
  explicit ChatPromptBuilder(ChatPromptBuilderParameters parameters = {});

  /// Throws std::invalid_argument where there is no template, a required variable is missing, or the template cannot be
  /// rendered.
  void run(Run& run) override;
  bool concurrent() const override { return true; }
  Value::Object init_parameters() const override;

 private:
  std::vector<std::pair<std::string, Input<Value>>> variables_;
  Input<std::optional<ChatTemplateSource>> other_template_ =
      input<std::optional<ChatTemplateSource>>("template", std::nullopt);
  Input<std::optional<Value::Object>> template_variables_ =
      input<std::optional<Value::Object>>("template_variables", std::nullopt);
  Output<std::vector<ChatMessage>> prompt_ = output<std::vector<ChatMessage>>("prompt");
};

}  // namespace berth
