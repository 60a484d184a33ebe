/// Which machine a command looks at: this one, a recorded one, or one that only a text describes.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "berth/inventory.h"

namespace berth::cli {

struct MachineOptions {
  std::optional<std::string> inventory;  ///< a file
  std::optional<std::string> simulate;   ///< a text
  std::vector<std::string> probes;
  std::vector<std::string> rpc;
  std::vector<std::string> folders;
  std::optional<int> probe_timeout_ms;
  bool no_drivers = false;
};

void add_machine_options(CLI::App& command, MachineOptions& options);

/// The machine as it is now. Throws std::invalid_argument, FormatError, std::filesystem::filesystem_error.
Inventory see(const MachineOptions& options);

/// The same with the speeds that were measured before.
Inventory look_at(const MachineOptions& options);

}  // namespace berth::cli
