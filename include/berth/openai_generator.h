/// OpenAIGenerator: text from models of OpenAI and of services that speak its protocol.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/log.h"
#include "berth/secret.h"
#include "berth/streaming.h"
#include "berth/value.h"
#include "berth/value_traits.h"

namespace berth {

class RemoteChat;

struct OpenAIGeneratorParameters {
  Secret api_key = Secret::from_env_var({"OPENAI_API_KEY"});
  std::string model = "gpt-5-mini";
  StreamingCallback streaming_callback = {};
  std::optional<std::string> api_base_url = {};  ///< none: OPENAI_BASE_URL, else https://api.openai.com/v1
  std::optional<std::string> organization = {};  ///< none: OPENAI_ORG_ID
  std::optional<std::string> system_prompt = {};
  std::optional<Value::Object> generation_kwargs = {};  ///< stand in the request as they are
  /// Seconds without a byte from the service; none: OPENAI_TIMEOUT, else 30.
  std::optional<double> timeout = {};
  /// After connection errors and the statuses 408, 409, 429 and from 500 on; none: OPENAI_MAX_RETRIES, else 5.
  std::optional<int> max_retries = {};
  std::optional<Value::Object> http_client_kwargs = {};  ///< verify, cert, proxy, trust_env, headers, ...

  /// Berth's own: warnings, such as that of a reply which was cut. Not serialized.
  LogCallback log = {};

  static auto fields() {
    using P = OpenAIGeneratorParameters;
    return std::tuple(field("api_key", &P::api_key), field("model", &P::model),
                      field("streaming_callback", &P::streaming_callback), field("api_base_url", &P::api_base_url),
                      field("organization", &P::organization), field("system_prompt", &P::system_prompt),
                      field("generation_kwargs", &P::generation_kwargs), field("timeout", &P::timeout),
                      field("max_retries", &P::max_retries), field("http_client_kwargs", &P::http_client_kwargs));
  }
};

/// Haystack's component of that name. Its type and serialized form are Haystack's; it has no device, as the model runs
/// elsewhere.
///
/// Inputs: prompt, system_prompt, streaming_callback, generation_kwargs. Outputs: replies, and for each of them meta
/// with model, index, finish_reason and usage. Safe to use from several threads.
class OpenAIGenerator final : public ComponentWith<OpenAIGeneratorParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.generators.openai.OpenAIGenerator";

  /// Asks nobody yet. Throws std::invalid_argument. What the environment lacks is told by known_problem(), and thrown as
  /// MissingVariable by warm_up() and run().
  explicit OpenAIGenerator(Parameters parameters = {});
  ~OpenAIGenerator() override;

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
