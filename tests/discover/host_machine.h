/// A recorded machine with what the probes of the CPU and of disks read beside its root.
#pragma once

#include <filesystem>
#include <string>

#include "discover/recorded_machine.h"

namespace berth::test {

class HostMachine : public RecordedMachine {
 public:
  explicit HostMachine(const std::string& name) : RecordedMachine(name) {
    for (const char* file : {"topology.xml", "file_systems.txt"}) {
      const auto source = std::filesystem::path(BERTH_TEST_DATA_DIR) / "machines" / name / file;
      if (std::filesystem::exists(source)) std::filesystem::copy_file(source, root().parent_path() / file);
    }
  }

  discovery::Machine files(std::vector<std::filesystem::path> folders = {}) const {
    return {.root = root(), .environment = {{"HOME", "/home/ada"}}, .folders = std::move(folders)};
  }
};

}  // namespace berth::test
