/// OpenAIChatGenerator: chats with models of OpenAI and of services that speak its protocol.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "berth/chat_message.h"
#include "berth/component.h"
#include "berth/log.h"
#include "berth/secret.h"
#include "berth/streaming.h"
#include "berth/tool.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

class RemoteChat;

struct OpenAIChatGeneratorParameters {
  Secret api_key = Secret::from_env_var({"OPENAI_API_KEY"});
  std::string model = "gpt-5-mini";
  StreamingCallback streaming_callback = {};
  std::optional<std::string> api_base_url = {};         ///< none: OPENAI_BASE_URL, else https://api.openai.com/v1
  std::optional<std::string> organization = {};         ///< none: OPENAI_ORG_ID
  std::optional<Value::Object> generation_kwargs = {};  ///< stand in the request as they are
  /// Seconds without a byte from the service; none: OPENAI_TIMEOUT, else 30.
  std::optional<double> timeout = {};
  /// After connection errors and the statuses 408, 409, 429 and from 500 on; none: OPENAI_MAX_RETRIES, else 5.
  std::optional<int> max_retries = {};
  std::optional<Tools> tools = {};                       ///< what the model may ask for
  bool tools_strict = false;                             ///< its arguments follow the schemas to the letter
  std::optional<Value::Object> http_client_kwargs = {};  ///< verify, cert, proxy, trust_env, headers, ...

  /// Berth's own: warnings, such as that of a reply which was cut. Not serialized.
  LogCallback log = {};

  static auto fields() {
    using P = OpenAIChatGeneratorParameters;
    return std::tuple(field("api_key", &P::api_key), field("model", &P::model),
                      field("streaming_callback", &P::streaming_callback), field("api_base_url", &P::api_base_url),
                      field("organization", &P::organization), field("generation_kwargs", &P::generation_kwargs),
                      field("timeout", &P::timeout), field("max_retries", &P::max_retries), field("tools", &P::tools),
                      field("tools_strict", &P::tools_strict), field("http_client_kwargs", &P::http_client_kwargs));
  }
};

/// Haystack's component of that name. Its type and serialized form are Haystack's; it has no device, as the model runs
/// elsewhere.
///
/// Inputs: messages (or one text), streaming_callback, generation_kwargs, tools, tools_strict. Output: replies, whose
/// meta has model, index, finish_reason and usage. Safe to use from several threads.
class OpenAIChatGenerator final : public ComponentWith<OpenAIChatGeneratorParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.generators.chat.openai.OpenAIChatGenerator";

  /// Asks nobody yet. Throws std::invalid_argument. What the environment lacks is told by known_problem(), and thrown as
  /// MissingVariable by warm_up() and run().
  explicit OpenAIChatGenerator(Parameters parameters = {});
  ~OpenAIChatGenerator() override;

  /// Throws std::invalid_argument for what cannot be asked, and RemoteError. A request to stop gives what came so far.
  void run(Run& run) override;
  void warm_up(const CallContext& context = {}) override;
  bool concurrent() const override { return true; }
  std::optional<std::string> known_problem() const override;
  Value::Object init_parameters() const override;

 private:
  Input<std::variant<std::vector<ChatMessage>, std::string>> messages_ =
      input<std::variant<std::vector<ChatMessage>, std::string>>("messages");
  Input<StreamingCallback> streaming_callback_ = input<StreamingCallback>("streaming_callback", {});
  Input<std::optional<Value::Object>> generation_kwargs_ =
      input<std::optional<Value::Object>>("generation_kwargs", std::nullopt);
  Input<std::optional<Tools>> tools_ = input<std::optional<Tools>>("tools", std::nullopt);
  Input<std::optional<bool>> tools_strict_ = input<std::optional<bool>>("tools_strict", std::nullopt);
  Output<std::vector<ChatMessage>> replies_ = output<std::vector<ChatMessage>>("replies");

  std::unique_ptr<const RemoteChat> chat_;
};

}  // namespace berth
