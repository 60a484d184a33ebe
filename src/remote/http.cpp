#include "remote/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <random>
#include <stdexcept>

#include "berth/error.h"
#include "berth/value.h"
#include "berth/version.h"
#include "remote/retry.h"
#include "remote/url.h"
#include "system/curl_library.h"
#include "text/printable.h"

namespace berth {
namespace {

using Clock = std::chrono::steady_clock;
using Easy = std::unique_ptr<CURL, decltype([](CURL* handle) { curl().easy_cleanup(handle); })>;
using Multi = std::unique_ptr<CURLM, decltype([](CURLM* handle) { curl().multi_cleanup(handle); })>;
using Headers = std::unique_ptr<curl_slist, decltype([](curl_slist* list) { curl().slist_free_all(list); })>;

constexpr int max_redirects = 20;

/// How one transfer went.
struct Outcome {
  long status = 0;           ///< 0 where there was no answer
  std::string problem = {};  ///< empty: a success, or a redirect
  bool try_again = false;
  std::optional<double> asked_for = {};  ///< seconds to wait
  std::string redirect = {};
  std::string body = {};
};

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// What the service says went wrong: the message of the forms {"error": {"message": ...}} and {"message": ...}, else
/// the start of the text.
std::string message_of(const std::string& body) {
  try {
    const auto json = Value::from_json(body);
    const Value* error = json.find("error");
    if (error == nullptr) error = &json;
    if (error->is_string()) return error->as_string();
    if (const Value* message = error->find("message"); message != nullptr && message->is_string())
      return message->as_string();
    return json.to_json();        // escapes undone, so that a secret in it is found
  } catch (const FormatError&) {  // not JSON: a page of a proxy, for instance
  }
  return body;
}

void append(Headers& headers, const std::string& line) {
  curl_slist* longer = curl().slist_append(headers.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)headers.release();
  headers.reset(longer);
}

void check_header(const std::string& name, const std::string& value) {
  const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
  if (name.empty() || name.find_first_of(": \t") != std::string::npos || std::ranges::any_of(name, is_control))
    throw std::invalid_argument(fmt::format("{} is no name of an HTTP header", in_quotes(name)));
  if (std::ranges::any_of(value, is_control))
    throw std::invalid_argument(
        fmt::format("The value of the HTTP header '{}' holds an end of line or another control character; "
                    "if it comes from a file or variable, remove the end of line there",
                    name));
}

/// One request to one address, and its answer.
class Transfer {
 public:
  Transfer(const HttpOptions& options, const HttpRequest& request, const Url& url, bool own_host)
      : request_(request), timeout_(options.timeout) {
    append(headers_, "Content-Type: application/json");
    append(headers_, "Expect:");  // no "100-continue", which costs a round trip
    if (own_host)
      for (const auto& [name, value] : request.headers) append(headers_, name + (value.empty() ? ";" : ": " + value));
    set(CURLOPT_URL, url.text.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_POSTFIELDS, request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_USERAGENT, fmt::format("berth/{}", version()).c_str());
    set(CURLOPT_ACCEPT_ENCODING, "");  // what libcurl can decode
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);         // an end does not wait for the answer of a name server
    set(CURLOPT_CONNECTTIMEOUT_MS, 0L);  // our own timeout counts from the start
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_HTTP_VERSION, options.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
    set_trust(options);
  }

  Outcome run(CURLM* multi, const std::stop_token& stop) {
    CURLcode result = CURLE_OK;
    {
      const std::stop_callback wake(stop, [multi] { curl().multi_wakeup(multi); });
      if (curl().multi_add_handle(multi, easy_.get()) != CURLM_OK) throw std::bad_alloc();
      const std::unique_ptr<CURL, Remove> remove(easy_.get(), Remove{multi});
      last_byte_ = Clock::now();
      for (int running = 1;;) {
        curl().multi_perform(multi, &running);
        if (running == 0) break;
        if (stop.stop_requested()) throw Cancelled("The request was cancelled");
        const auto left = timeout_ - (Clock::now() - last_byte_);
        if (left <= left.zero())
          return {.problem = fmt::format("Request timed out: nothing came for {} s", timeout_.count()),
                  .try_again = !handed_out_};
        using Milliseconds = std::chrono::duration<double, std::milli>;
        curl().multi_poll(multi, nullptr, 0, static_cast<int>(std::clamp(Milliseconds(left).count(), 1.0, 1e6)),
                          nullptr);
      }
      int queued = 0;
      while (const CURLMsg* message = curl().multi_info_read(multi, &queued))
        if (message->msg == CURLMSG_DONE) result = message->data.result;
    }
    if (thrown_) std::rethrow_exception(thrown_);
    return outcome(result);
  }

 private:
  struct Remove {
    CURLM* multi;
    void operator()(CURL* easy) const { curl().multi_remove_handle(multi, easy); }
  };

  template <class T>
  void set(CURLoption option, T value) {
    if (const auto problem = curl().easy_setopt(easy_.get(), option, value))
      throw RemoteError(fmt::format("libcurl cannot do what is needed: {}", curl().easy_strerror(problem)));
  }

  void set_trust(const HttpOptions& options) {
    set(CURLOPT_SSL_VERIFYPEER, options.verify ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYHOST, options.verify ? 2L : 0L);
    const auto from_environment = [&](const char* name) {
      const char* value = options.trust_environment ? std::getenv(name) : nullptr;
      return std::string(value == nullptr ? "" : value);
    };
    const auto ca_file = options.ca_file.empty() ? from_environment("SSL_CERT_FILE") : options.ca_file;
    if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
    const auto ca_folder = options.ca_file.empty() ? from_environment("SSL_CERT_DIR") : "";
    if (!ca_folder.empty()) set(CURLOPT_CAPATH, ca_folder.c_str());
    if (!options.client_certificate.empty()) set(CURLOPT_SSLCERT, options.client_certificate.c_str());
    if (options.proxy)
      set(CURLOPT_PROXY, options.proxy->c_str());
    else if (!options.trust_environment)
      set(CURLOPT_PROXY, "");
  }

  template <class T>
  T info(CURLINFO which) const {
    T value{};
    curl().easy_getinfo(easy_.get(), which, &value);
    return value;
  }

  std::optional<std::string_view> header(const char* name) const {
    curl_header* found = nullptr;
    if (curl().easy_header(easy_.get(), name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return std::nullopt;
    return found->value;
  }

  bool is_success() const {
    const auto status = info<long>(CURLINFO_RESPONSE_CODE);
    return status >= 200 && status < 300;
  }

  Outcome outcome(CURLcode result) {
    Outcome outcome;
    outcome.status = info<long>(CURLINFO_RESPONSE_CODE);
    if (too_big_) {
      outcome.problem = fmt::format("The answer is longer than {} MiB", HttpOptions::max_answer_bytes >> 20);
      return outcome;
    }
    if (result != CURLE_OK) {
      outcome.problem = fmt::format("Connection error: {}{}{}", curl().easy_strerror(result),
                                    error_.front() ? ": " : "", error_.data());
      outcome.try_again = !handed_out_ && result != CURLE_PEER_FAILED_VERIFICATION &&
                          result != CURLE_SSL_CACERT_BADFILE && result != CURLE_SSL_CERTPROBLEM &&
                          result != CURLE_OUT_OF_MEMORY && result != CURLE_UNSUPPORTED_PROTOCOL;
      outcome.status = 0;
      return outcome;
    }
    outcome.body = std::move(body_);
    if (is_success()) return outcome;
    const char* target = info<char*>(CURLINFO_REDIRECT_URL);
    if (outcome.status == 307 || outcome.status == 308) outcome.redirect = target == nullptr ? "" : target;
    if (!outcome.redirect.empty()) return outcome;

    const RetryHints hints{header("retry-after-ms"), header("retry-after"), header("x-should-retry")};
    const double now = unix_time();
    outcome.asked_for = seconds_asked_for(hints, now);
    outcome.try_again = should_retry(outcome.status, hints, now);
    outcome.problem = fmt::format("Error code: {}", outcome.status);
    return outcome;
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take(std::string_view(data, size * count));
  }

  static std::size_t on_header(char*, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.last_byte_ = Clock::now();
    return transfer.fits(size * count) ? size * count : 0;
  }

  static int on_progress(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (std::exchange(transfer.moved_, down + up) != down + up) transfer.last_byte_ = Clock::now();
    return 0;
  }

  bool fits(std::size_t bytes) {
    received_ += bytes;
    too_big_ = received_ > HttpOptions::max_answer_bytes;
    return !too_big_;
  }

  /// How many of `bytes` were taken: all, or none to end the transfer. No exception may pass through libcurl.
  std::size_t take(std::string_view bytes) {
    if (!fits(bytes.size())) return 0;
    try {
      if (request_.on_data && is_success()) {
        handed_out_ = true;
        request_.on_data(bytes);
      } else {
        body_ += bytes;
      }
    } catch (...) {
      thrown_ = std::current_exception();
      return 0;
    }
    last_byte_ = Clock::now();
    return bytes.size();
  }

  const HttpRequest& request_;
  std::chrono::duration<double> timeout_;
  Headers headers_;
  Easy easy_{new_curl_handle()};
  std::vector<char> error_ = std::vector<char>(CURL_ERROR_SIZE);
  Clock::time_point last_byte_;
  curl_off_t moved_ = 0;
  std::size_t received_ = 0;
  bool too_big_ = false;
  bool handed_out_ = false;
  std::string body_;
  std::exception_ptr thrown_;
};

void wait(double seconds, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
  if (stop.stop_requested()) throw Cancelled("The request was cancelled");
}

double random_fraction() {
  thread_local std::mt19937 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{}(generator);
}

}  // namespace

/// libcurl keeps the open connections in a multi handle, which one thread at a time may use.
struct HttpClient::Connections {
  std::mutex mutex;
  std::vector<Multi> idle;

  Multi take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return Multi(curl().multi_init());
    auto multi = std::move(idle.back());
    idle.pop_back();
    return multi;
  }
  void give_back(Multi multi) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(multi));
  }
};

HttpClient::HttpClient(HttpOptions options) : options_(std::move(options)) {
  (void)curl();
  connections_ = std::make_unique<Connections>();
}

HttpClient::~HttpClient() = default;

std::string HttpClient::post(const HttpRequest& request, const CallContext& context) const {
  for (const auto& [name, value] : request.headers) check_header(name, value);
  const auto first = Url::parse(request.url);

  // A redirect with 307 or 308 means: the same request, there.
  const auto attempt = [&](CURLM* multi) {
    auto url = first;
    for (int redirects = 0;; ++redirects) {
      auto outcome = Transfer(options_, request, url, url.origin == first.origin).run(multi, context.stop);
      if (outcome.redirect.empty()) return outcome;
      const auto refuse = [&](std::string_view why) {
        outcome.problem = fmt::format("Error code: {} - {}", outcome.status, why);
        return outcome;
      };
      if (!options_.follow_redirects) return refuse("the service has moved, and redirects are not followed");
      if (redirects == max_redirects) return refuse("the service redirects without end");
      try {
        auto next = Url::parse(outcome.redirect);
        if (url.is_https() && !next.is_https()) return refuse("the service redirects to an address without encryption");
        url = std::move(next);
      } catch (const std::invalid_argument& problem) {
        return refuse(fmt::format("the service redirects: {}", problem.what()));
      }
    }
  };

  for (int retries = 0;; ++retries) {
    auto multi = connections_->take();
    auto outcome = attempt(multi.get());
    connections_->give_back(std::move(multi));
    if (outcome.problem.empty()) return std::move(outcome.body);
    auto problem = std::move(outcome.problem);
    if (const auto message = message_of(outcome.body); !message.empty()) problem += " - " + message;
    if (!outcome.try_again || retries >= options_.max_retries) {
      if (retries > 0) problem += fmt::format(" (tried {} times)", retries + 1);
      throw remote_error(request, std::move(problem),
                         outcome.status == 0 ? std::nullopt : std::optional(static_cast<int>(outcome.status)));
    }
    const double seconds = retry_delay(retries, outcome.asked_for, random_fraction());
    if (context.log)
      context.log(LogLevel::warning, fmt::format("{}; trying again in {:.1f} s ({} of {})",
                                                 remote_error(request, std::move(problem)).what(), seconds, retries + 1,
                                                 options_.max_retries));
    wait(seconds, context.stop);
  }
}

RemoteError remote_error(const HttpRequest& request, std::string problem, std::optional<int> status) {
  return RemoteError(fmt::format("{}: {}", Url::parse(request.url).shown,
                                 printable(redacted(std::move(problem), request.secrets), 1000)),
                     status);
}

void add_if_secret(std::vector<std::string>& secrets, const std::string& value) {
  if (value.size() >= 16) secrets.push_back(value);
}

std::string redacted(std::string text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  }
  return text;
}

}  // namespace berth
