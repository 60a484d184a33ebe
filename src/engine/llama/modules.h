/// Backends of ggml in files of their own, which are opened while the program runs.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace berth::llama {

/// One file "libggml-NAME.so".
struct Module {
  std::string name;  ///< "cuda", "rpc", "cpu-haswell"
  std::filesystem::path path;
  bool loaded = false;
  std::string problem = {};  ///< why it could not be loaded, for a person

  /// Whether it asks the driver of a GPU as soon as it is loaded.
  bool enters_driver() const;
};

/// Those in `folder`, by name; none where there is no such folder. Opens none of them.
std::vector<Module> find_modules(const std::filesystem::path& folder);

/// Gives their backends to ggml. Of several for the CPU ("cpu-...") the one that suits this processor best is loaded,
/// and the others stay as they are. Not safe while another thread walks through ggml's devices.
void load_modules(std::span<Module> modules);

}  // namespace berth::llama
