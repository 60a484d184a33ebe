/// The keyword arguments of Python's httpx.Client that Haystack's components hand on as `http_client_kwargs`.
#pragma once

#include "berth/value.h"
#include "remote/http.h"

namespace berth {

struct HttpClientSettings {
  HttpOptions options = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Understood are verify (true, false or the path of certificates), cert, proxy, trust_env, http2, follow_redirects and
/// headers; limits and timeout have no effect, the latter since the component's own wins.
/// Throws std::invalid_argument for others.
HttpClientSettings read_http_client_kwargs(const Value::Object& kwargs);

}  // namespace berth
