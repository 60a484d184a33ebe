#include "discover/remote/rpc_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "text/printable.h"

namespace berth::discovery {
namespace {
constexpr std::string_view tls_scheme = "tls://";
}  // namespace

RpcEndpoint RpcEndpoint::parse(std::string_view text) {
  const auto wrong = [whole = text](std::string_view why) {
    return std::invalid_argument(fmt::format(
        "The RPC endpoint {} {}; expected is host:port, such as 192.168.1.5:50052 or [::1]:50052, or tls://host:port",
        in_quotes(whole), why));
  };
  const bool tls = text.starts_with(tls_scheme);
  if (tls) text.remove_prefix(tls_scheme.size());
  const auto colon = text.rfind(':');
  if (colon == text.npos || text.ends_with(']')) throw wrong("has no port");
  auto host = text.substr(0, colon);
  const bool ipv6 = host.starts_with('[') && host.ends_with(']');
  if (ipv6)
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != host.npos)
    throw wrong("has colons in its host: an IPv6 address stands in brackets");
  const auto number = text.substr(colon + 1);
  const bool digits =
      !number.empty() && number.size() < 6 && std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
  const int port = digits ? std::stoi(std::string(number)) : 0;
  if (port < 1 || port > 65535) throw wrong("has no port between 1 and 65535");
  const bool plain = !host.empty() && std::ranges::all_of(host, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == '_' || (ipv6 && (c == ':' || c == '%'));
  });
  if (!plain) throw wrong(host.empty() ? "has no host" : "has a host that is neither a name nor an address");
  return {std::string(host), port, tls};
}

}  // namespace berth::discovery
