/// Addresses of services.
#pragma once

#include <string>

namespace berth {

/// An absolute http or https address.
struct Url {
  std::string text;    ///< as libcurl writes it
  std::string origin;  ///< "https://host:443"
  std::string shown;   ///< without user, password and query, which can be secret

  /// Throws std::invalid_argument, and RemoteError without libcurl.
  static Url parse(const std::string& text);

  bool is_https() const { return origin.starts_with("https:"); }
};

/// `text` fit to be one part of a path or query.
std::string percent_encoded(const std::string& text);

}  // namespace berth
