#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <span>
#include <sstream>
#include <vector>

#include "net/sockets.h"

namespace berth::net {
namespace {

/// An address as /proc/net/tcp writes it: the words of the address as numbers of this machine, and the port.
std::string as_in_proc(std::span<const std::uint8_t> address, in_port_t port) {
  std::string text;
  for (std::size_t at = 0; at < address.size(); at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, address.data() + at, sizeof word);
    text += fmt::format("{:08X}", word);
  }
  return text + fmt::format(":{:04X}", ntohs(port));
}

/// One end of a connection, as a socket of IPv4 and as one of IPv6 may have it: each is listed in a file of its own.
struct End {
  std::string v4 = {};
  std::string v6 = {};
};

End end_of(const sockaddr_storage& address) {
  std::array<std::uint8_t, 16> bytes{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, &v4.sin_addr, 4);
    return {as_in_proc(std::span(bytes).subspan(12), v4.sin_port), as_in_proc(bytes, v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  End end{.v6 = as_in_proc(bytes, v6.sin6_port)};
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) end.v4 = as_in_proc(std::span(bytes).subspan(12), v6.sin6_port);
  return end;
}

std::optional<uid_t> user_in(const char* file, const std::string& local, const std::string& remote) {
  std::ifstream table(file);
  for (std::string line; std::getline(table, line);) {
    if (line.find(remote) == line.npos) continue;
    std::istringstream words(line);
    // number, local, remote, state, queues, timer, retransmissions, user, timeout, inode
    std::array<std::string, 10> fields;
    for (auto& field : fields) words >> field;
    if (fields[1] != local || fields[2] != remote) continue;
    // What no process has open any more has no inode, and its user reads as 0.
    if (fields[9].empty() || fields[9] == "0") return std::nullopt;
    uid_t user = 0;
    const auto& text = fields[7];
    if (std::from_chars(text.data(), text.data() + text.size(), user).ec != std::errc()) return std::nullopt;
    return user;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uid_t> user_of_peer(int socket) {
  sockaddr_storage here{};
  sockaddr_storage there{};
  socklen_t size = sizeof here;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&here), &size) != 0) return std::nullopt;
  size = sizeof there;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&there), &size) != 0) return std::nullopt;
  const auto local = end_of(there);  // as the process at the other end sees it
  const auto remote = end_of(here);
  constexpr int looks = 3;  // an entry can be missed while others come and go
  for (int look = 0; look < looks; ++look) {
    if (!local.v4.empty())
      if (const auto user = user_in("/proc/net/tcp", local.v4, remote.v4)) return user;
    if (const auto user = user_in("/proc/net/tcp6", local.v6, remote.v6)) return user;
  }
  return std::nullopt;
}

std::string name_of_user(uid_t user) {
  std::array<char, 16384> memory{};
  passwd entry{};
  passwd* found = nullptr;
  const bool known = getpwuid_r(user, &entry, memory.data(), memory.size(), &found) == 0 && found != nullptr;
  return known ? std::string(entry.pw_name) : std::to_string(user);
}

}  // namespace berth::net
