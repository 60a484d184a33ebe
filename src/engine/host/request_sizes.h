/// How long the requests are that a client sends to ggml's RPC server.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace berth::host {

/// Follows the requests of one connection: a command of one byte, a length of eight, and as many bytes. The server makes room for
/// the length as soon as it is there, and fills it with zeros, so that it must be looked at before.
class RequestSizes {
 public:
  /// The next bytes of the connection, however they are cut. Answers the length of a request that is longer than `most`; nobody may
  /// read on then.
  std::optional<std::uint64_t> too_long(std::string_view bytes, std::uint64_t most);

 private:
  std::array<unsigned char, 9> header_ = {};
  std::size_t header_bytes_ = 0;  // that are there
  std::uint64_t to_come_ = 0;     // of the request after its header
};

}  // namespace berth::host
