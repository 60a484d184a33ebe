/// JSON posted over HTTP: libcurl makes the transfer, this decides when to try again, when to give up and what to believe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/call_context.h"
#include "berth/error.h"

namespace berth {

struct HttpOptions {
  static constexpr std::size_t max_answer_bytes = 64 << 20;

  double timeout = 30;  ///< seconds without a byte in any direction
  int max_retries = 5;
  bool follow_redirects = true;
  bool verify = true;                     ///< the certificate of the server
  std::string ca_file = {};               ///< whom to trust; empty: SSL_CERT_FILE and SSL_CERT_DIR, else the system's
  std::string client_certificate = {};    ///< with its key, PEM
  std::optional<std::string> proxy = {};  ///< none: as the environment says; empty: no proxy
  bool trust_environment = true;          ///< for proxies and certificates
  bool http2 = false;
};

struct HttpRequest {
  std::string url;
  /// Go to the host of `url` only, not to where it redirects.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};  ///< JSON
  /// Stand in no error, also where the server sends them back.
  std::vector<std::string> secrets = {};
  /// Gets the answer in pieces, on the calling thread; what it throws ends the transfer and reaches the caller.
  std::function<void(std::string_view)> on_data = {};
};

/// Keeps connections open from one request to the next. Safe to use from several threads.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();

  /// The answer; empty where on_data took it. Once on_data has been called, nothing is tried again.
  /// The log is told of each new try and why.
  /// Throws std::invalid_argument for a url or header that is none, RemoteError, and Cancelled where the caller asks for it.
  std::string post(const HttpRequest& request, const CallContext& context = {}) const;

 private:
  struct Connections;

  HttpOptions options_;
  std::unique_ptr<Connections> connections_;
};

/// The error that names the service, and no secret.
RemoteError remote_error(const HttpRequest& request, std::string problem, std::optional<int> status = {});

/// The caller's own headers can hold the key of a gateway: adds `value` to `secrets` where it is as long as one.
void add_if_secret(std::vector<std::string>& secrets, const std::string& value);

/// `text` with "***" in the place of each secret.
std::string redacted(std::string text, const std::vector<std::string>& secrets);

}  // namespace berth
