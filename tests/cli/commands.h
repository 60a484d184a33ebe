/// The commands of berth, as its --help lists them: what is new there is in every test over all of them.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "cli/process.h"

namespace berth::test {

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// {"run", "devices", ...}; below {"pipeline"}: {"validate", ...}
inline std::vector<std::string> commands_of(std::vector<std::string> command = {}) {
  command.emplace_back("--help");
  std::istringstream help(berth_command(command).out);
  std::vector<std::string> names;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "Commands:")
      listed = true;
    else if (line.empty())
      listed = false;
    else if (listed && line.size() > 2 && line[2] != ' ')
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

/// Those that do something, each as its words: {"run"}, {"pipeline", "validate"}, ...
inline std::vector<std::vector<std::string>> all_commands() {
  std::vector<std::vector<std::string>> all;
  for (const auto& name : commands_of()) {
    const auto below = commands_of({name});
    if (below.empty()) all.push_back({name});
    for (const auto& sub : below) all.push_back({name, sub});
  }
  return all;
}

}  // namespace berth::test
