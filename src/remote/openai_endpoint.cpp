#include "remote/openai_endpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "remote/http_client_kwargs.h"
#include "remote/url.h"
#include "text/printable.h"

namespace berth {
namespace {

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

template <class T>
std::optional<T> number_of_environment(const char* name, std::string_view kind) {
  const auto text = environment(name);
  if (!text) return std::nullopt;
  T number{};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size())
    throw std::invalid_argument(
        fmt::format("The environment variable {} is {}; it has to be {}", name, in_quotes(*text), kind));
  return number;
}

std::string without_end_slashes(std::string url) {
  url.erase(url.find_last_not_of('/') + 1);
  return url;
}

/// What both services share. `url` may throw here already, rather than at the first request.
ChatEndpoint endpoint(std::string url, const std::optional<std::string>& organization, double timeout, int max_retries,
                      const std::optional<Value::Object>& http_client_kwargs) {
  (void)Url::parse(url);
  auto settings = read_http_client_kwargs(http_client_kwargs.value_or(Value::Object{}));
  ChatEndpoint endpoint{.url = std::move(url), .headers = std::move(settings.headers), .http = settings.options};
  endpoint.http.timeout = timeout;
  endpoint.http.max_retries = max_retries;
  for (const auto& [name, value] : endpoint.headers) add_if_secret(endpoint.secrets, value);
  endpoint.headers.emplace_back("Accept", "application/json, text/event-stream");
  if (const auto id = organization ? organization : environment("OPENAI_ORG_ID"))
    endpoint.headers.emplace_back("OpenAI-Organization", *id);
  if (const auto id = environment("OPENAI_PROJECT_ID")) endpoint.headers.emplace_back("OpenAI-Project", *id);
  return endpoint;
}

void add_secret_header(ChatEndpoint& endpoint, std::string name, const std::string& prefix, const std::string& secret) {
  endpoint.headers.emplace_back(std::move(name), prefix + secret);
  endpoint.secrets.push_back(secret);
}

}  // namespace

double timeout_or_environment(std::optional<double> given) {
  const double seconds =
      given ? *given : number_of_environment<double>("OPENAI_TIMEOUT", "a number of seconds").value_or(30);
  if (!(seconds > 0))
    throw std::invalid_argument(fmt::format("timeout is {}; it has to be more than 0 seconds", seconds));
  return seconds;
}

int max_retries_or_environment(std::optional<int> given) {
  const int retries = given ? *given : number_of_environment<int>("OPENAI_MAX_RETRIES", "a number").value_or(5);
  if (retries < 0) throw std::invalid_argument("max_retries must be a non-negative integer");
  return retries;
}

ChatEndpoint openai_endpoint(const OpenAIAccess& access) {
  const auto key = access.api_key.resolve_value();
  if (key.value_or("").empty())
    throw MissingVariable(
        "Missing credentials. Please pass an `api_key`, or set the `OPENAI_API_KEY` environment variable.");
  const auto base = access.api_base_url ? access.api_base_url : environment("OPENAI_BASE_URL");
  auto result = endpoint(without_end_slashes(base.value_or("https://api.openai.com/v1")) + "/chat/completions",
                         access.organization, timeout_or_environment(access.timeout),
                         max_retries_or_environment(access.max_retries), access.http_client_kwargs);
  add_secret_header(result, "Authorization", "Bearer ", *key);
  return result;
}

std::string azure_endpoint_or_environment(const std::optional<std::string>& given) {
  const auto endpoint = given.value_or("").empty() ? environment("AZURE_OPENAI_ENDPOINT") : given;
  if (endpoint.value_or("").empty())
    throw MissingVariable("Please provide an Azure endpoint or set the environment variable AZURE_OPENAI_ENDPOINT.");
  return *endpoint;
}

std::optional<std::string> known_azure_endpoint(const std::optional<std::string>& given) {
  try {
    return azure_endpoint_or_environment(given);
  } catch (const MissingVariable&) {
    return std::nullopt;
  }
}

void refuse_token_provider(const std::optional<std::string>& azure_ad_token_provider) {
  if (azure_ad_token_provider)
    throw std::invalid_argument(fmt::format(
        "azure_ad_token_provider names the Python function {}, which cannot run here; give a token as azure_ad_token",
        in_quotes(*azure_ad_token_provider)));
}

ChatEndpoint azure_endpoint(const AzureAccess& access) {
  if (!access.api_key && !access.ad_token)
    throw std::invalid_argument("Please provide an API key or an Azure Active Directory token.");
  auto key = access.api_key ? access.api_key->resolve_value() : std::nullopt;
  auto token = access.ad_token ? access.ad_token->resolve_value() : std::nullopt;
  if (key && token)
    throw std::invalid_argument(
        "The `api_key` and `azure_ad_token` arguments are mutually exclusive; Only one can be passed at a time");
  if (!key && !token) token = environment("AZURE_OPENAI_AD_TOKEN");
  if (!key && !token) key = environment("AZURE_OPENAI_API_KEY");
  if (!key && !token)
    throw MissingVariable(
        "Missing credentials. Please pass one of `api_key`, `azure_ad_token`, or the `AZURE_OPENAI_API_KEY` or "
        "`AZURE_OPENAI_AD_TOKEN` environment variables.");
  const auto version = access.api_version ? access.api_version : environment("OPENAI_API_VERSION");
  if (!version)
    throw MissingVariable(
        "Must provide either the `api_version` argument or the `OPENAI_API_VERSION` environment variable");

  auto result = endpoint(
      fmt::format("{}/openai/deployments/{}/chat/completions?api-version={}", without_end_slashes(access.endpoint),
                  percent_encoded(access.deployment), percent_encoded(*version)),
      access.organization, access.timeout, access.max_retries, access.http_client_kwargs);
  for (const auto& [name, value] : access.default_headers.value_or(OrderedMap<std::string>{})) {
    result.headers.emplace_back(name, value);
    add_if_secret(result.secrets, value);
  }
  if (key)
    add_secret_header(result, "api-key", "", *key);
  else
    add_secret_header(result, "Authorization", "Bearer ", *token);
  return result;
}

}  // namespace berth
