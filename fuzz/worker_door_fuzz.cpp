// What comes to a worker's port before anybody is let in: bytes that should be the greeting of a plain client (mode 0), or TLS of
// a client (1) or of a worker (2), cut anywhere. It is refused or taken, soon, and what was not read is still there.
#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "discover/remote/rpc_worker.h"
#include "engine/host/greeting.h"
#include "net/key_folder.h"
#include "net/tls.h"
#include "temporary_folder.h"
#include "text/descriptor.h"

namespace {

using Clock = std::chrono::steady_clock;
using berth::Descriptor;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Keys for all runs of this process, in a folder that goes with it.
class DoorKeys {
 public:
  DoorKeys() : keys_(folder_.path()) { keys_.init(); }
  berth::net::TlsKeys of_worker() const { return keys_.for_worker(); }
  berth::net::TlsKeys of_client() const { return berth::net::TlsKeys::bundle(folder_.path() / "client.pem"); }

 private:
  TemporaryFolder folder_;
  berth::net::KeyFolder keys_;
};

std::string rest_in(int socket) {
  std::string all;
  char bytes[4096];
  for (ssize_t got = 0; (got = recv(socket, bytes, sizeof bytes, MSG_DONTWAIT)) > 0;)
    all.append(bytes, static_cast<std::size_t>(got));
  return all;
}

void greet(const std::string& sent, int near, int far) {
  const auto greeting = berth::host::greeting_of(near, Clock::now() + std::chrono::seconds(5));
  constexpr std::size_t whole = 33;
  require(greeting.problem.empty() == (sent.size() >= whole && sent[0] == 14));
  if (greeting.only_asks) {
    const berth::discovery::WorkerIdentity identity{.host = 1, .worker = 2};
    berth::host::answer_question(near, identity);
    require(rest_in(far) == berth::discovery::answer_to_question(identity));
    require(rest_in(near) == sent.substr(whole));
  } else {
    require(rest_in(near) == sent);
  }
}

/// Nobody who has no key gets to the end of it.
void shake_hands(berth::net::TlsStream stream) {
  try {
    stream.handshake(Clock::now() + std::chrono::seconds(5));
    stream.receive_line(Clock::now() + std::chrono::seconds(5));
    std::abort();
  } catch (const berth::net::TlsError& problem) {
    require(!std::string(problem.what()).empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const DoorKeys keys;
  const std::string sent(reinterpret_cast<const char*>(data) + 1, std::min<std::size_t>(size - 1, 65'536));
  int ends[2];
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const Descriptor near(ends[0]);
  const Descriptor far(ends[1]);
  require(send(far, sent.data(), sent.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(sent.size()));
  shutdown(far, SHUT_WR);
  switch (data[0] % 3) {
    case 0:
      greet(sent, near, far);
      break;
    case 1:
      shake_hands(berth::net::TlsStream::of_worker(near, keys.of_worker()));
      break;
    default:
      shake_hands(berth::net::TlsStream::of_client(near, keys.of_client(), "localhost"));
  }
  return 0;
}
