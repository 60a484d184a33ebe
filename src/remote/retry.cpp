#include "remote/retry.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "system/curl_library.h"

namespace berth {
namespace {

constexpr double longest_asked_for = 120;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return longest_asked_for + 1;  // no shorter wait for an absurd one
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> seconds_asked_for(const RetryHints& hints, double now) {
  if (hints.retry_after_ms)
    if (const auto milliseconds = number(*hints.retry_after_ms)) return *milliseconds / 1000;
  if (!hints.retry_after) return std::nullopt;
  if (const auto seconds = number(*hints.retry_after)) return seconds;
  const auto date = curl().getdate(std::string(*hints.retry_after).c_str(), nullptr);
  if (date == -1) return std::nullopt;
  return static_cast<double>(date) - now;
}

bool should_retry(long status, const RetryHints& hints, double now) {
  if (seconds_asked_for(hints, now).value_or(0) > longest_asked_for) return false;
  if (hints.should_retry == "true") return true;
  if (hints.should_retry == "false") return false;
  return status == 408 || status == 409 || status == 429 || status >= 500;
}

double retry_delay(int retries, std::optional<double> asked_for, double random) {
  if (asked_for && *asked_for > 0 && *asked_for <= longest_asked_for) return *asked_for;
  return std::min(std::ldexp(0.5, std::clamp(retries, 0, 16)), 8.0) * (1 - 0.25 * random);
}

}  // namespace berth
