/// Completion scripts for shells, made from the tree of commands, so that nothing is listed twice.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace berth::cli {

/// What completion knows of an option or positional.
struct CompletionOption {
  std::vector<std::string> names;  ///< "-p", "--prompt"; none for a positional
  std::string value;               ///< "TEXT"; empty for a flag
  std::vector<std::string> words;  ///< what may stand there, where that is known
  bool file = false;               ///< what may stand there is a file
  std::string description;         ///< one line
};

/// A command, or the program itself.
struct CompletionCommand {
  std::string name;
  std::string description;
  std::vector<CompletionOption> options;
  std::vector<CompletionOption> positionals;
  std::vector<CompletionCommand> commands;
};

CompletionCommand completion_tree(const CLI::App& app);

std::string bash_completion(const CompletionCommand& program);
std::string zsh_completion(const CompletionCommand& program);
std::string fish_completion(const CompletionCommand& program);

}  // namespace berth::cli
