#include "remote/http_client_kwargs.h"

#include <fmt/format.h>

#include <stdexcept>
#include <variant>

#include "berth/parameters.h"

namespace berth {
namespace {

struct HttpxArguments {
  std::optional<std::variant<bool, std::string>> verify = {};
  std::string cert = {};
  std::optional<std::string> proxy = {};
  bool trust_env = HttpOptions().trust_environment;
  bool http2 = HttpOptions().http2;
  bool follow_redirects = HttpOptions().follow_redirects;
  OrderedMap<std::string> headers = {};
  Value limits = {};
  Value timeout = {};

  static constexpr auto fields() {
    using H = HttpxArguments;
    return std::tuple(field("verify", &H::verify), field("cert", &H::cert), field("proxy", &H::proxy),
                      field("trust_env", &H::trust_env), field("http2", &H::http2),
                      field("follow_redirects", &H::follow_redirects), field("headers", &H::headers),
                      field("limits", &H::limits), field("timeout", &H::timeout));
  }
};

HttpxArguments httpx_arguments(const Value::Object& kwargs) try {
  return from_init_parameters<HttpxArguments>(kwargs);
} catch (const WrongParameter& problem) {
  throw std::invalid_argument(fmt::format("http_client_kwargs: {}", problem.what()));
}

}  // namespace

HttpClientSettings read_http_client_kwargs(const Value::Object& kwargs) {
  const auto given = httpx_arguments(kwargs);
  HttpClientSettings settings{.options = {.follow_redirects = given.follow_redirects,
                                          .client_certificate = given.cert,
                                          .proxy = given.proxy,
                                          .trust_environment = given.trust_env,
                                          .http2 = given.http2}};
  if (given.verify) {
    const auto* ca_file = std::get_if<std::string>(&*given.verify);
    settings.options.verify = ca_file != nullptr || std::get<bool>(*given.verify);
    if (ca_file != nullptr) settings.options.ca_file = *ca_file;
  }
  settings.headers.assign(given.headers.begin(), given.headers.end());
  return settings;
}

}  // namespace berth
