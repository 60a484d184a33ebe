/// The connections of this process.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <filesystem>
#include <string>

namespace berth::test {

/// How many connections over a network a program that is started now would have too.
inline int connections_for_other_programs() {
  int count = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int number = std::stoi(each.path().filename().string());
    int domain = 0;
    socklen_t size = sizeof domain;
    const bool is_socket = getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0;
    if (is_socket && domain != AF_UNIX && (fcntl(number, F_GETFD) & FD_CLOEXEC) == 0) ++count;
  }
  return count;
}

}  // namespace berth::test
