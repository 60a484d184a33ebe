/// Where a worker is.
#pragma once

#include <string>
#include <string_view>

namespace berth::discovery {

struct RpcEndpoint {
  std::string host;  ///< a name or an address, without brackets
  int port = 0;
  bool tls = false;

  /// Of "worker:50052", "192.168.1.5:50052", "[fe80::1]:50052" or "tls://worker:50052". Throws std::invalid_argument naming it.
  static RpcEndpoint parse(std::string_view text);
};

}  // namespace berth::discovery
