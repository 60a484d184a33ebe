// What ggml's RPC calls instead of the C library. Its server, in the process of a worker, listens nowhere, and is given the
// connections that the worker's front has accepted and checked (engine/host/worker_service.h). Its client, in the process of a model,
// gets no answer from a worker of a stranger (engine/host/unchecked_peers.h).
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "engine/host/unchecked_peers.h"
#include "engine/host/worker_service.h"

extern "C" {

int accept(int listener, sockaddr* __restrict address, socklen_t* __restrict size) {
  return berth::host::is_worker_service() ? berth::host::next_client() : accept4(listener, address, size, 0);
}

int connect(int socket, const sockaddr* address, socklen_t size) {
  const auto result = static_cast<int>(syscall(SYS_connect, socket, address, size));
  const int error = errno;
  berth::host::connecting(socket, result == 0);
  errno = error;
  return result;
}

/// A request that is too long is the end of the connection, and so is the answer of a stranger.
ssize_t recv(int socket, void* data, size_t size, int flags) {
  const bool of_client = berth::host::is_client(socket);
  if (of_client) berth::host::await_request();
  const auto got = static_cast<ssize_t>(syscall(SYS_recvfrom, socket, data, size, flags, nullptr, nullptr));
  if (got <= 0) return got;
  if (!of_client) return berth::host::may_answer(socket) ? got : 0;
  return berth::host::may_be_read({static_cast<const char*>(data), static_cast<std::size_t>(got)}) ? got : 0;
}

int listen(int socket, int waiting) noexcept {
  return berth::host::is_worker_service() ? 0 : static_cast<int>(syscall(SYS_listen, socket, waiting));
}

/// What comes by TLS reaches ggml over a pair of local sockets, which have no delay that could be turned off.
int setsockopt(int socket, int level, int name, const void* value, socklen_t size) noexcept {
  const auto result = static_cast<int>(syscall(SYS_setsockopt, socket, level, name, value, size));
  return result != 0 && level == IPPROTO_TCP && errno == EOPNOTSUPP ? 0 : result;
}
}
