/// AzureOpenAIGenerator: text from models of OpenAI that run on Azure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/log.h"
#include "berth/ordered_map.h"
#include "berth/secret.h"
#include "berth/streaming.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

class RemoteChat;

struct AzureOpenAIGeneratorParameters {
  std::optional<std::string> azure_endpoint = {};                 ///< none: AZURE_OPENAI_ENDPOINT
  std::optional<std::string> api_version = "2024-12-01-preview";  ///< none: OPENAI_API_VERSION
  std::optional<std::string> azure_deployment = "gpt-4.1-mini";
  std::optional<Secret> api_key = Secret::from_env_var({"AZURE_OPENAI_API_KEY"}, false);
  std::optional<Secret> azure_ad_token = Secret::from_env_var({"AZURE_OPENAI_AD_TOKEN"}, false);  ///< or this one
  std::optional<std::string> organization = {};  ///< none: OPENAI_ORG_ID
  StreamingCallback streaming_callback = {};
  std::optional<std::string> system_prompt = {};
  /// Seconds without a byte from the service; none: OPENAI_TIMEOUT, else 30.
  std::optional<double> timeout = {};
  /// After connection errors and the statuses 408, 409, 429 and from 500 on; none: OPENAI_MAX_RETRIES, else 5.
  std::optional<int> max_retries = {};
  std::optional<Value::Object> http_client_kwargs = {};  ///< verify, cert, proxy, trust_env, headers, ...
  std::optional<Value::Object> generation_kwargs = {};   ///< stand in the request as they are
  std::optional<OrderedMap<std::string>> default_headers = {};
  std::optional<std::string> azure_ad_token_provider = {};  ///< Python code: refused

  /// Berth's own: warnings, such as that of a reply which was cut. Not serialized.
  LogCallback log = {};

  static auto fields() {
    using P = AzureOpenAIGeneratorParameters;
    return std::tuple(field("azure_endpoint", &P::azure_endpoint), field("api_version", &P::api_version),
                      field("azure_deployment", &P::azure_deployment), field("api_key", &P::api_key),
                      field("azure_ad_token", &P::azure_ad_token), field("organization", &P::organization),
                      field("streaming_callback", &P::streaming_callback), field("system_prompt", &P::system_prompt),
                      field("timeout", &P::timeout), field("max_retries", &P::max_retries),
                      field("http_client_kwargs", &P::http_client_kwargs),
                      field("generation_kwargs", &P::generation_kwargs), field("default_headers", &P::default_headers),
                      field("azure_ad_token_provider", &P::azure_ad_token_provider));
  }
};

/// Haystack's component of that name. Its type and serialized form are Haystack's; it has no device, as the model runs
/// elsewhere.
///
/// Inputs: prompt, system_prompt, streaming_callback, generation_kwargs. Outputs: replies, and for each of them meta
/// with model, index, finish_reason and usage. Safe to use from several threads.
class AzureOpenAIGenerator final : public ComponentWith<AzureOpenAIGeneratorParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.generators.azure.AzureOpenAIGenerator";

  /// Asks nobody yet. Throws std::invalid_argument. What the environment lacks is told by known_problem(), and thrown as
  /// MissingVariable by warm_up() and run().
  explicit AzureOpenAIGenerator(Parameters parameters = {});
  ~AzureOpenAIGenerator() override;

  /// Throws std::invalid_argument for what cannot be asked, and RemoteError. A request to stop gives what came so far.
  void run(Run& run) override;
  void warm_up(const CallContext& context = {}) override;
  bool concurrent() const override { return true; }
  std::optional<std::string> known_problem() const override;
  Value::Object init_parameters() const override;

 private:
  Input<std::string> prompt_ = input<std::string>("prompt");
  Input<std::optional<std::string>> system_prompt_ = input<std::optional<std::string>>("system_prompt", std::nullopt);
  Input<StreamingCallback> streaming_callback_ = input<StreamingCallback>("streaming_callback", {});
  Input<std::optional<Value::Object>> generation_kwargs_ =
      input<std::optional<Value::Object>>("generation_kwargs", std::nullopt);
  Output<std::vector<std::string>> replies_ = output<std::vector<std::string>>("replies");
  Output<std::vector<Value::Object>> meta_ = output<std::vector<Value::Object>>("meta");

  std::unique_ptr<const RemoteChat> chat_;
};

}  // namespace berth
