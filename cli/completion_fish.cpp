#include <fmt/format.h>

#include "completion.h"

namespace berth::cli {
namespace {

/// Within single quotes fish knows \\ and \' only.
std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string words_argument(const CompletionOption& option) {
  return option.words.empty() ? "" : " -a " + in_quotes(fmt::format("{}", fmt::join(option.words, " ")));
}

std::string option_line(const std::string& start, const CompletionOption& option) {
  std::string line = start;
  for (const auto& name : option.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.value.empty()) line += option.file ? " -r -F" : " -x";
  return line + words_argument(option) + " -d " + in_quotes(option.description) + "\n";
}

}  // namespace

std::string fish_completion(const CompletionCommand& program) {
  const auto start = "complete -c " + program.name;
  std::string script = fmt::format("# fish completion for {}\n{} -f\n", program.name, start);
  for (const auto& option : program.options)
    script += option_line(start + " -n __fish_use_subcommand", option);
  for (const auto& command : program.commands)
    script += fmt::format("{} -n __fish_use_subcommand -a {} -d {}\n", start, command.name, in_quotes(command.description));
  for (const auto& command : program.commands) {
    const auto here = start + " -n '__fish_seen_subcommand_from " + command.name + "'";
    for (const auto& option : command.options) script += option_line(here, option);
    for (const auto& positional : command.positionals)
      script += here + (positional.file ? " -F" : "") + words_argument(positional) + "\n";
  }
  return script;
}

}  // namespace berth::cli
