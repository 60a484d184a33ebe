#include "remote/http_client_kwargs.h"

#include <fmt/format.h>

#include <stdexcept>

#include "text/printable.h"

namespace berth {

HttpClientSettings read_http_client_kwargs(const Value::Object& kwargs) {
  HttpClientSettings settings;
  auto& options = settings.options;
  for (const auto& [name, value] : kwargs) {
    try {
      if (value.is_null() || name == "limits" || name == "timeout") continue;
      if (name == "verify") {
        options.verify = !value.is_bool() || value.as_bool();
        if (!value.is_bool()) options.ca_file = value.as_string();
      } else if (name == "cert") {
        options.client_certificate = value.as_string();
      } else if (name == "proxy") {
        options.proxy = value.as_string();
      } else if (name == "trust_env") {
        options.trust_environment = value.as_bool();
      } else if (name == "http2") {
        options.http2 = value.as_bool();
      } else if (name == "follow_redirects") {
        options.follow_redirects = value.as_bool();
      } else if (name == "headers") {
        for (const auto& [header, text] : value.as_object()) settings.headers.emplace_back(header, text.as_string());
      } else {
        throw std::invalid_argument(
            "is not among those that are understood: verify, cert, proxy, trust_env, http2, "
            "follow_redirects, headers, limits, timeout");
      }
    } catch (const std::invalid_argument& problem) {
      throw std::invalid_argument(fmt::format("http_client_kwargs: {}: {}", in_quotes(name), problem.what()));
    }
  }
  return settings;
}

}  // namespace berth
