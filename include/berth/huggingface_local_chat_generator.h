/// HuggingFaceLocalChatGenerator: conversations with a model on this machine, as Haystack's component of that name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "berth/chat_message.h"
#include "berth/component.h"
#include "berth/engine.h"
#include "berth/log.h"
#include "berth/secret.h"
#include "berth/streaming.h"
#include "berth/tool.h"
#include "berth/value.h"

namespace berth {

class LocalModel;

/// Answers conversations with a local model, written in the model's own chat template. Parameters, their defaults and the
/// serialized form are Haystack's.
///
///     HuggingFaceLocalChatGenerator generator({.model = "smollm2", .task = "text-generation"});
///     const auto result = generator.run({ChatMessage::from_user("Why is the sky blue?")});
///     std::cout << *result.replies[0].text();
///
/// Safe to use from several threads: runs queue.
class HuggingFaceLocalChatGenerator final : public Component {
 public:
  static constexpr std::string_view type_name =
      "haystack.components.generators.chat.hugging_face_local.HuggingFaceLocalChatGenerator";
  static constexpr std::string_view default_tool_parser =
      "haystack.components.generators.chat.hugging_face_local.default_tool_parser";
  /// The same in Haystack 3.
  static constexpr std::string_view transformers_type_name =
      "haystack_integrations.components.generators.transformers.chat.chat_generator.TransformersChatGenerator";
  static constexpr std::string_view transformers_tool_parser =
      "haystack_integrations.components.generators.transformers.chat.chat_generator.default_tool_parser";

  struct Parameters {
    std::string model = "Qwen/Qwen3-0.6B";  ///< see locate_model() in berth/model.h
    /// "text-generation" or "text2text-generation"; absent: that of a model which is on this machine. Haystack's third,
    /// "image-text-to-text", and a task that the model does not have are refused by warm_up().
    std::optional<std::string> task = {};
    std::optional<ComponentDevice> device = {};
    std::optional<Secret> token = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
    std::optional<std::string> chat_template = {};  ///< Jinja; absent: the model's own
    Value::Object generation_kwargs = {};
    Value::Object huggingface_pipeline_kwargs = {};  ///< `model`, `task`, `device`, `device_map` here win
    std::optional<std::vector<std::string>> stop_words = {};
    StreamingCallback streaming_callback = {};
    std::optional<Tools> tools = {};                        ///< what the model may ask for
    std::optional<std::string> tool_parsing_function = {};  ///< Haystack's default_tool_parser, if any
    bool enable_thinking = false;                           ///< told to the chat template

    /// Berth's own: it goes by its name in Haystack 3, and its task is looked at by warm_up(), as there. Not serialized.
    bool transformers = false;
    /// Berth's own, as in HuggingFaceLocalGenerator. Not serialized.
    LogCallback log = {};
    std::function<bool(float)> progress = {};

    static auto fields() {
      return std::tuple(
          field("model", &Parameters::model), field("task", &Parameters::task), field("device", &Parameters::device),
          field("token", &Parameters::token), field("chat_template", &Parameters::chat_template),
          field("generation_kwargs", &Parameters::generation_kwargs),
          field("huggingface_pipeline_kwargs", &Parameters::huggingface_pipeline_kwargs),
          field("stop_words", &Parameters::stop_words), field("streaming_callback", &Parameters::streaming_callback),
          field("tools", &Parameters::tools), field("tool_parsing_function", &Parameters::tool_parsing_function),
          field("enable_thinking", &Parameters::enable_thinking));
    }
  };

  struct Result {
    std::vector<ChatMessage> replies;  ///< meta: finish_reason, index, model, usage
    GenerationResult generation;       ///< counts and times
  };

  /// Resolves task and device; loads nothing. Throws std::invalid_argument.
  explicit HuggingFaceLocalChatGenerator(Parameters parameters);
  ~HuggingFaceLocalChatGenerator() override;

  /// Loads the model, once; see HuggingFaceLocalGenerator::warm_up().
  void warm_up(const CallContext& context = {}) override;
  std::vector<DeviceUse> load_use() const override;

  /// The model's answer to `messages`, loading it where that has not been done. What is given here wins over the
  /// component's own. Tools and streaming at the same time are refused. Throws as warm_up() and Session::generate().
  Result run(const std::vector<ChatMessage>& messages, const Value::Object& generation_kwargs = {},
             const StreamingCallback& streaming_callback = {}, const std::optional<Tools>& tools = {},
             const CallContext& context = {});
  void run(Run& run) override;
  bool concurrent() const override { return true; }

  Value::Object init_parameters() const override;
  /// From to_dict(). Throws std::invalid_argument.
  static std::unique_ptr<HuggingFaceLocalChatGenerator> from_dict(const Value& data);

  std::optional<std::string> known_problem() const override;
  std::optional<ComponentDevice> device() const override;
  std::shared_ptr<const LoadedModel> loaded_model() const;  ///< nullptr before warm_up()
  /// How many beams run() searches with these kwargs, for sure from warm_up() on: a folder of a model may say it. With more
  /// than one it takes no streaming callback.
  int num_beams(const Value::Object& generation_kwargs = {}) const;

 private:
  std::optional<Secret> token_;
  std::optional<std::string> chat_template_;
  std::string tool_parsing_function_;
  Value::Object generation_kwargs_;
  StreamingCallback streaming_callback_;
  std::optional<Tools> tools_;
  bool enable_thinking_;
  std::unique_ptr<LocalModel> model_;

  Input<std::variant<std::vector<ChatMessage>, std::string>> messages_ =
      input<std::variant<std::vector<ChatMessage>, std::string>>("messages");
  Input<std::optional<Value::Object>> kwargs_input_ =
      input<std::optional<Value::Object>>("generation_kwargs", std::nullopt);
  Input<StreamingCallback> callback_input_ = input<StreamingCallback>("streaming_callback", {});
  Input<std::optional<Tools>> tools_input_ = input<std::optional<Tools>>("tools", std::nullopt);
  Output<std::vector<ChatMessage>> replies_ = output<std::vector<ChatMessage>>("replies");
};

}  // namespace berth
