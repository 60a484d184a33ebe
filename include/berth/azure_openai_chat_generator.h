/// AzureOpenAIChatGenerator: chats with models of OpenAI that run on Azure.
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
#include "berth/ordered_map.h"
#include "berth/secret.h"
#include "berth/streaming.h"
#include "berth/tool.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

class RemoteChat;

struct AzureOpenAIChatGeneratorParameters {
  std::optional<std::variant<std::string, Secret>> azure_endpoint = {};                 ///< none: AZURE_OPENAI_ENDPOINT
  std::optional<std::variant<std::string, Secret>> api_version = "2024-12-01-preview";  ///< none: OPENAI_API_VERSION
  std::optional<std::string> azure_deployment = "gpt-4.1-mini";
  std::optional<Secret> api_key = Secret::from_env_var({"AZURE_OPENAI_API_KEY"}, false);
  std::optional<Secret> azure_ad_token = Secret::from_env_var({"AZURE_OPENAI_AD_TOKEN"}, false);  ///< or this one
  std::optional<std::string> organization = {};  ///< none: OPENAI_ORG_ID
  StreamingCallback streaming_callback = {};
  /// Seconds without a byte from the service; none: OPENAI_TIMEOUT, else 30.
  std::optional<double> timeout = {};
  /// After connection errors and the statuses 408, 409, 429 and from 500 on; none: OPENAI_MAX_RETRIES, else 5.
  std::optional<int> max_retries = {};
  std::optional<Value::Object> generation_kwargs = {};  ///< stand in the request as they are
  std::optional<OrderedMap<std::string>> default_headers = {};
  std::optional<Tools> tools = {};                          ///< what the model may ask for
  bool tools_strict = false;                                ///< its arguments follow the schemas to the letter
  std::optional<std::string> azure_ad_token_provider = {};  ///< Python code: refused
  std::optional<Value::Object> http_client_kwargs = {};     ///< verify, cert, proxy, trust_env, headers, ...

  /// Berth's own: warnings, such as that of a reply which was cut. Not serialized.
  LogCallback log = {};

  static auto fields() {
    using P = AzureOpenAIChatGeneratorParameters;
    return std::tuple(field("azure_endpoint", &P::azure_endpoint), field("api_version", &P::api_version),
                      field("azure_deployment", &P::azure_deployment), field("api_key", &P::api_key),
                      field("azure_ad_token", &P::azure_ad_token), field("organization", &P::organization),
                      field("streaming_callback", &P::streaming_callback), field("timeout", &P::timeout),
                      field("max_retries", &P::max_retries), field("generation_kwargs", &P::generation_kwargs),
                      field("default_headers", &P::default_headers), field("tools", &P::tools),
                      field("tools_strict", &P::tools_strict),
                      field("azure_ad_token_provider", &P::azure_ad_token_provider),
                      field("http_client_kwargs", &P::http_client_kwargs));
  }
};

/// Haystack's component of that name. Its type and serialized form are Haystack's; it has no device, as the model runs
/// elsewhere.
///
/// Inputs: messages (or one text), streaming_callback, generation_kwargs, tools, tools_strict. Output: replies, whose
/// meta has model, index, finish_reason and usage. Safe to use from several threads.
class AzureOpenAIChatGenerator final : public ComponentWith<AzureOpenAIChatGeneratorParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.generators.chat.azure.AzureOpenAIChatGenerator";

  /// Asks nobody yet. Throws std::invalid_argument. What the environment lacks is told by known_problem(), and thrown as
  /// MissingVariable by warm_up() and run().
  explicit AzureOpenAIChatGenerator(Parameters parameters = {});
  ~AzureOpenAIChatGenerator() override;

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
