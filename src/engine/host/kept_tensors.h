/// The tensors that a worker keeps, in no more room than they may take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace berth::host {

/// What begins the names of the folders of clients, in which tensors lie while they are read.
inline constexpr std::string_view client_prefix = ".client-";

/// Files that are named by 16 hexadecimal digits; nothing else in the folder is counted or removed. What was used longest ago goes
/// first, and nothing that is in use: that a client reads, in any process, or that this one used since it was made. For one thread;
/// other processes may do the same.
class KeptTensors {
 public:
  KeptTensors(std::filesystem::path folder, std::uint64_t most_bytes)
      : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path path_of(const std::string& name) const { return folder_ / name; }

  /// To be called whenever one is used.
  void use(const std::string& name);

  /// Removes as many as need be for `bytes` more. False where there is no such room, at which nothing is removed.
  bool make_room(std::uint64_t bytes);

 private:
  std::set<std::string> in_use() const;

  std::filesystem::path folder_;
  std::uint64_t most_bytes_;
  std::set<std::string> used_;
};

}  // namespace berth::host
