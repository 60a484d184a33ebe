/// Machines of tests/data/machines, as the real probes see them: files under root/, fake drivers, an environment.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <nlohmann/json.hpp>

#include "discover/probe.h"

namespace berth::test {

/// A machine that a test may change. Lives in a folder of its own, which goes with it.
///
///     root/          of /sys, /proc and /dev; what is not there is empty
///     drivers.json   what the fake drivers answer (tests/fakes/fake_machine.h), and under "libraries" which there are
///     environment    lines of NAME=VALUE
class RecordedMachine {
 public:
  explicit RecordedMachine(const std::string& name = {}) {
    folder_ = (std::filesystem::temp_directory_path() / "berth-machine-XXXXXX").string();
    if (mkdtemp(folder_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), folder_);
    std::filesystem::create_directories(root());
    std::filesystem::create_directories(libraries());
    if (name.empty()) return;
    const auto source = std::filesystem::path(BERTH_TEST_DATA_DIR) / "machines" / name;
    if (!std::filesystem::exists(source)) throw std::runtime_error("There is no " + source.string());
    if (std::filesystem::exists(source / "root"))
      std::filesystem::copy(source / "root", root(),
                            std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    if (std::ifstream file(source / "drivers.json"); file) drivers = nlohmann::json::parse(file);
    std::ifstream lines(source / "environment");
    for (std::string line; std::getline(lines, line);)
      if (const auto equals = line.find('='); equals != std::string::npos)
        environment[line.substr(0, equals)] = line.substr(equals + 1);
  }
  ~RecordedMachine() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  RecordedMachine(const RecordedMachine&) = delete;
  RecordedMachine& operator=(const RecordedMachine&) = delete;

  std::filesystem::path root() const { return std::filesystem::path(folder_) / "root"; }
  std::filesystem::path libraries() const { return std::filesystem::path(folder_) / "lib"; }

  /// With the drivers and the environment as they are now.
  discovery::Machine machine() const {
    const auto description = std::filesystem::path(folder_) / "drivers.json";
    std::ofstream(description) << drivers.dump();
    for (const auto& library : drivers.value("libraries", nlohmann::json::array())) {
      const auto link = libraries() / library.get<std::string>();
      if (!std::filesystem::exists(link))
        std::filesystem::create_symlink(std::filesystem::path(BERTH_FAKES_DIR) / library.get<std::string>(), link);
    }
    discovery::Machine result{.root = root(), .library_dir = libraries(), .environment = environment};
    result.environment["BERTH_FAKE_DRIVERS"] = description.string();
    for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "BERTH_PROBE_HELPER"})
      if (const char* value = std::getenv(name)) result.environment.emplace(name, value);
    return result;
  }

  /// Puts a file under root().
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root() / path).parent_path());
    std::ofstream(root() / path) << text;
  }

  /// Takes away a file or folder under root().
  void remove(const std::string& path) const { std::filesystem::remove_all(root() / path); }

  nlohmann::json drivers = nlohmann::json::object();
  std::map<std::string, std::string> environment;

 private:
  std::string folder_;
};

}  // namespace berth::test
