/// ggml's own RPC worker on the CPU, in a process of its own, for tests that are built with BERTH_TEST_RPC_WORKER.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>

#include "discover/remote/rpc_worker.h"

namespace berth::test {

/// "127.0.0.1:PORT", which nobody listens at.
inline std::string free_endpoint() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool found = bind(listener, generic, size) == 0 && getsockname(listener, generic, &size) == 0;
  close(listener);
  if (!found) throw std::runtime_error("no free port");
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

class RealWorker {
 public:
  explicit RealWorker(std::string program) : endpoint_(free_endpoint()) {
    char* arguments[] = {program.data(), endpoint_.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  ~RealWorker() { end(); }
  RealWorker(const RealWorker&) = delete;
  RealWorker& operator=(const RealWorker&) = delete;

  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  void freeze() const { kill(pid_, SIGSTOP); }

  /// Once it listens.
  const std::string& endpoint() const {
    for (;;) {
      try {
        const discovery::RpcWorker worker(endpoint_, std::chrono::seconds(60));
        return endpoint_;
      } catch (const discovery::RpcError& problem) {
        if (problem.kind != discovery::RpcError::Kind::unreachable || waitpid(pid_, nullptr, WNOHANG) != 0) throw;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
  }

 private:
  std::string endpoint_;
  pid_t pid_ = -1;
};

}  // namespace berth::test
