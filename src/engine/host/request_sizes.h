/// How long the requests are that a client sends to ggml's RPC server, and which of its kept tensors they ask for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::host {

/// Follows the requests of one connection: a command of one byte, a length of eight, and as many bytes. The server makes room for
/// the length as soon as it is there, and fills it with zeros, so that it must be looked at before.
class RequestSizes {
 public:
  /// The next bytes of the connection, however they are cut. Answers the length of a request that is longer than `most`; nobody may
  /// read on then.
  std::optional<std::uint64_t> too_long(std::string_view bytes, std::uint64_t most);

  /// Whether the last request is complete: the server has done it when it reads on.
  bool is_between_requests() const { return to_come_ == 0 && header_bytes_ == 0; }
  /// The hash of the tensor that the last request asked for, once; absent where that request was another one.
  std::optional<std::uint64_t> take_asked_tensor();
  /// Whether buffers were asked for that were not given back.
  bool holds_buffers() const { return buffers_ > 0; }

 private:
  void begin_request();
  void take(std::string_view part);

  std::array<unsigned char, 9> header_ = {};
  std::size_t header_bytes_ = 0;  // that are there
  std::uint64_t to_come_ = 0;     // of the request after its header
  std::string body_;              // of a request for a tensor
  std::optional<std::uint64_t> asked_tensor_;
  std::uint64_t buffers_ = 0;
};

}  // namespace berth::host
