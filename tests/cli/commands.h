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

/// What is listed below "Commands:".
inline std::vector<std::string> commands_in(const std::string& text) {
  std::istringstream help(text);
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

inline std::string help_of(std::vector<std::string> command) {
  command.emplace_back("--help");
  return berth_command(std::move(command)).out;
}

/// {"run", "devices", ...}
inline std::vector<std::string> commands_of() { return commands_in(help_of({})); }

/// Those below `command` that do something, and it itself where it does without them.
inline void add_commands_to(std::vector<std::vector<std::string>>& all, const std::vector<std::string>& command) {
  const auto help = help_of(command);
  const auto below = commands_in(help);
  if (below.empty() || help.find("[COMMAND]") != std::string::npos) all.push_back(command);
  for (const auto& name : below) {
    auto longer = command;
    longer.push_back(name);
    add_commands_to(all, longer);
  }
}

/// Those that do something, each as its words: {"run"}, {"pipeline", "validate"}, ...
inline std::vector<std::vector<std::string>> all_commands() {
  std::vector<std::vector<std::string>> all;
  for (const auto& name : commands_of()) add_commands_to(all, {name});
  return all;
}

}  // namespace berth::test
