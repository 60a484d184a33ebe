#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "net/sockets.h"

namespace berth::net {
namespace {

namespace fs = std::filesystem;

/// As a descriptor of each of them reads: "socket:[4242]".
void add_listening_sockets(const char* file, int port, std::set<std::string>& sockets) {
  constexpr std::string_view listening = "0A";
  const auto end_of_address = fmt::format(":{:04X}", port);
  std::ifstream table(file);
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    // number, local, remote, state, queues, timer, retransmissions, user, timeout, inode
    std::array<std::string, 10> fields;
    for (auto& field : fields) words >> field;
    if (fields[3] == listening && fields[1].ends_with(end_of_address))
      sockets.insert(fmt::format("socket:[{}]", fields[9]));
  }
}

bool has_one_of(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code problem;
  for (fs::directory_iterator each(process / "fd", problem), end; !problem && each != end; each.increment(problem)) {
    std::error_code gone;
    if (sockets.contains(fs::read_symlink(each->path(), gone).string())) return true;
  }
  return false;
}

}  // namespace

std::vector<pid_t> listeners_at(int port) {
  std::set<std::string> sockets;
  for (const auto* file : {"/proc/net/tcp", "/proc/net/tcp6"}) add_listening_sockets(file, port, sockets);
  std::vector<pid_t> processes;
  if (sockets.empty()) return processes;
  std::error_code problem;
  for (fs::directory_iterator each("/proc", problem), end; !problem && each != end; each.increment(problem)) {
    const auto name = each->path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc() &&
        has_one_of(each->path(), sockets))
      processes.push_back(pid);
  }
  return processes;
}

}  // namespace berth::net
