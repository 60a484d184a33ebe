/// ggml's RPC by hand, for what no client would ask for.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "served_worker.h"

namespace berth::test {

/// The bytes of numbers, one after the other.
template <class... Numbers>
std::string raw_bytes(Numbers... numbers) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
  return bytes;
}

/// A request that says how long it is.
inline std::string rpc_request(std::uint8_t command, const std::string& body) {
  return raw_bytes(command, static_cast<std::uint64_t>(body.size())) + body;
}

inline std::string rpc_greeting() { return rpc_request(14, std::string(24, '\0')); }

/// One that has greeted, over any socket. It answers "" where the connection is closed.
class RawClient {
 public:
  explicit RawClient(Descriptor socket) : socket_(std::move(socket)) { ask(rpc_greeting()); }

  std::string ask(const std::string& request) {
    if (!send(request)) return {};
    const auto head = receive(8);
    std::uint64_t size = 0;
    if (head.size() != sizeof size) return {};
    std::memcpy(&size, head.data(), sizeof size);
    return size > 1 << 20 ? std::string() : receive(static_cast<std::size_t>(size));
  }
  bool send(const std::string& bytes) {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  /// A buffer of the worker's only device; 0 where it has no such memory.
  std::uint64_t allocate(std::uint64_t bytes) {
    const auto answer = ask(rpc_request(0, raw_bytes(std::uint32_t{0}, bytes)));
    std::uint64_t buffer = 0;
    if (answer.size() == 16) std::memcpy(&buffer, answer.data(), sizeof buffer);
    return buffer;
  }
  void free(std::uint64_t buffer) { send(rpc_request(4, raw_bytes(buffer))); }
  int socket() const { return socket_; }

 private:
  std::string receive(std::size_t bytes) {
    std::string all(bytes, '\0');
    for (std::size_t had = 0; had < bytes;) {
      const auto got = recv(socket_, all.data() + had, bytes - had, 0);
      if (got <= 0) return {};
      had += static_cast<std::size_t>(got);
    }
    return all;
  }

  Descriptor socket_;
};

}  // namespace berth::test
