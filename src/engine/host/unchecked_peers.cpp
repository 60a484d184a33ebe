#include "engine/host/unchecked_peers.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <set>
#include <string>

#include "discover/remote/worker_link.h"
#include "net/sockets.h"

namespace berth::host {
namespace {

struct Unchecked {
  std::mutex mutex;
  std::set<int> sockets;
  std::atomic<bool> any{false};  // most answers come from sockets that were checked long ago
};

/// For as long as the process lives: threads of ggml outlive what is destroyed at its end.
Unchecked& unchecked() {
  static auto& it = *new Unchecked;
  return it;
}

int option_of(int socket, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/// Berth's own wait for nothing.
bool is_of_ggml(int socket) {
  const int flags = fcntl(socket, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) == 0 && option_of(socket, SO_DOMAIN) == AF_INET &&
         option_of(socket, SO_TYPE) == SOCK_STREAM;
}

bool is_on_loopback(int socket) {
  const auto name = net::name_of_peer(socket);
  return net::is_loopback(name.substr(0, name.rfind(':')));
}

}  // namespace

void connecting(int socket, bool done) {
  const bool is_to_check = done && is_of_ggml(socket) && is_on_loopback(socket);
  auto& all = unchecked();
  const std::lock_guard lock(all.mutex);
  all.sockets.erase(socket);  // another one may have had its number
  if (is_to_check) all.sockets.insert(socket);
  all.any = !all.sockets.empty();
}

bool may_answer(int socket) {
  auto& all = unchecked();
  if (!all.any) return true;
  {
    const std::lock_guard lock(all.mutex);
    if (all.sockets.erase(socket) == 0) return true;
    all.any = !all.sockets.empty();
  }
  const auto stranger = discovery::stranger_at(socket);
  if (stranger)
    std::fprintf(stderr, "The RPC worker %s belongs to %s on this machine, who would see prompts and weights\n",
                 net::name_of_peer(socket).c_str(), stranger->c_str());
  return !stranger;
}

}  // namespace berth::host
