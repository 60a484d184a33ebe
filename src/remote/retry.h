/// When a request is made again, and how long after: the rules of OpenAI's own client, without clock and network.
#pragma once

#include <optional>
#include <string_view>

namespace berth {

/// What an answer says about trying again.
struct RetryHints {
  std::optional<std::string_view> retry_after_ms = {};  ///< of the header Retry-After-Ms
  std::optional<std::string_view> retry_after = {};     ///< Retry-After: seconds, or a date (RFC 9110, 10.2.3)
  std::optional<std::string_view> should_retry = {};    ///< X-Should-Retry: "true" or "false"
};

/// The seconds that the server asks for; none where it does not, or in no form that is known.
std::optional<double> seconds_asked_for(const RetryHints& hints, double now);

/// Whether a status other than success is worth another try: 408, 409, 429 and from 500 on, unless the server says
/// something else or asks for more than two minutes.
bool should_retry(long status, const RetryHints& hints, double now);

/// The seconds before try number `retries` + 2: what the server asks for, else 0.5 doubled each time, 8 at most, less
/// up to a quarter by `random` in [0, 1).
double retry_delay(int retries, std::optional<double> asked_for, double random);

}  // namespace berth
