/// Messages between a process and the engine that runs in another one: a kind, and bytes of a known length.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "text/descriptor.h"

namespace berth::host {

/// What a message is about. What it holds is JSON, but for `chunk` (chunk.h, encode_parts.h).
enum class Kind : std::uint32_t {
  // Requests. Each is answered by `done` or `failed`.
  load = 1,
  load_encoder,
  encoder_memory,
  model_memory,  ///< of one that is not loaded
  open_session,  ///< a descriptor comes along: the connection of a session, or of one encode()
  new_session,   ///< the first request there
  generate,
  close,
  apply_chat_template,
  count_tokens,
  memory,
  tensors,
  tokenize,  ///< of an encoder
  encode,    ///< the only request on a connection of its own
  /// Ends the request that is being answered; has no answer of its own.
  cancel,
  // Answers.
  progress,
  log,
  chunk,
  done,
  failed
};

struct Message {
  Kind kind = Kind::done;
  std::string body = {};
  Descriptor descriptor = Descriptor();
};

/// The other end is closed, does not take what is sent, or sends what is no message.
struct ConnectionLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr std::uint32_t longest_body = 64u << 20;

/// One end of a socket. Sending is safe from several threads, receiving from one at a time.
class Connection {
 public:
  /// A message that is once begun comes, or is taken, within `patience`; none: it may take for ever. Throws
  /// std::system_error.
  explicit Connection(Descriptor socket, std::optional<std::chrono::seconds> patience = std::nullopt);

  /// Two ends that belong together. Throws std::system_error.
  static std::pair<Descriptor, Descriptor> pair();

  /// Throws ConnectionLost, and std::invalid_argument for a body that is too long.
  void send(Kind kind, std::string_view body = {}, int descriptor = -1);

  /// Waits for a message. None where the other end was closed between two of them. Throws ConnectionLost.
  std::optional<Message> receive();

  int socket() const { return socket_; }
  /// From here on nothing comes or goes. Whoever waits in receive() gets none.
  void shut_down() const;

 private:
  bool read(void* bytes, std::size_t size, Descriptor* descriptor);

  Descriptor socket_;
  std::mutex sending_;
};

}  // namespace berth::host
