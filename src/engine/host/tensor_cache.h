/// The folder in which a worker keeps large tensors, so that they are sent once only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "engine/host/kept_tensors.h"
#include "text/descriptor.h"

namespace berth::host {

/// ggml's server looks for a tensor in the file that is named by the hash of its bytes, takes what lies there, and writes new ones in
/// place. It is given a folder of its own: a file gets there and back only with the bytes that its name says. Each client
/// has such a folder, below the one that all share. For one thread.
class TensorCache {
 public:
  using Tell = std::function<void(const std::string&)>;

  /// Keeps `most_bytes`. `tell` learns of files that are wrong. Throws std::runtime_error where `folder` cannot be used.
  TensorCache(std::filesystem::path folder, std::uint64_t most_bytes, Tell tell);

  /// Throws std::runtime_error where `folder` cannot be made or written to. What is too much in it is removed.
  static void prepare(const std::filesystem::path& folder, std::uint64_t most_bytes);
  /// Removes the folders of processes that are gone.
  static void remove_what_was_left(const std::filesystem::path& folder);

  /// What ggml's server is given.
  const std::filesystem::path& folder_of_server() const { return mine_; }

  /// To be called before the server looks for a tensor: it is there afterwards, if it is kept and its bytes are right.
  void offer(std::uint64_t hash);
  /// To be called when the server did what it was asked: what it wrote is kept, if it is whole.
  void keep_new();

 private:
  void keep(const std::string& name);

  KeptTensors kept_;
  Tell tell_;
  bool told_of_room_ = false;
  std::filesystem::path mine_;
  Descriptor lock_;                // on it, as long as this process lives
  std::string offered_;            // that the server may be reading
  std::set<std::string> awaited_;  // that the server may write
};

}  // namespace berth::host
