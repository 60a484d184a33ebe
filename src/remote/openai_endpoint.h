/// Where OpenAI and Azure OpenAI are, from the parameters of components and the environment that OpenAI's client reads.
#pragma once

#include <optional>
#include <string>

#include "berth/ordered_map.h"
#include "berth/secret.h"
#include "berth/value.h"
#include "remote/chat_completions.h"

namespace berth {

struct OpenAIAccess {
  const Secret& api_key;
  const std::optional<std::string>& api_base_url;  ///< none: OPENAI_BASE_URL, else OpenAI's own
  const std::optional<std::string>& organization;  ///< none: OPENAI_ORG_ID
  std::optional<double> timeout = {};              ///< none: OPENAI_TIMEOUT, else 30 s
  std::optional<int> max_retries = {};             ///< none: OPENAI_MAX_RETRIES, else 5
  const std::optional<Value::Object>& http_client_kwargs;
};

/// Throws std::invalid_argument, MissingVariable among others.
ChatEndpoint openai_endpoint(const OpenAIAccess& access);

struct AzureAccess {
  const std::string& endpoint;
  const std::optional<std::string>& api_version;  ///< none: OPENAI_API_VERSION
  const std::string& deployment;
  const std::optional<Secret>& api_key;
  const std::optional<Secret>& ad_token;
  const std::optional<std::string>& organization;
  double timeout;
  int max_retries;
  const std::optional<Value::Object>& http_client_kwargs;
  const std::optional<OrderedMap<std::string>>& default_headers;
};

/// Throws std::invalid_argument, MissingVariable among others.
ChatEndpoint azure_endpoint(const AzureAccess& access);

/// `given`, else AZURE_OPENAI_ENDPOINT. Throws MissingVariable where there is none.
std::string azure_endpoint_or_environment(const std::optional<std::string>& given);
/// The same, none where there is none.
std::optional<std::string> known_azure_endpoint(const std::optional<std::string>& given);

/// Throws std::invalid_argument where there is one: it names a Python function.
void refuse_token_provider(const std::optional<std::string>& azure_ad_token_provider);

double timeout_or_environment(std::optional<double> given);
int max_retries_or_environment(std::optional<int> given);

}  // namespace berth
