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

std::string fish_options(const CompletionCommand& command, const std::string& program, const std::string& path) {
  const auto here = fmt::format("complete -c {0} -n '__fish_{0}_at {1}'", program, path);
  std::string script;
  for (const auto& option : command.options) script += option_line(here, option);
  for (const auto& positional : command.positionals)
    script += here + (positional.file ? " -F" : "") + words_argument(positional) + "\n";
  for (const auto& each : command.commands)
    script += fmt::format("{} -a {} -d {}\n", here, each.name, in_quotes(each.description));
  for (const auto& each : command.commands) script += fish_options(each, program, path + " " + each.name);
  return script;
}

std::string paths_of(const CompletionCommand& command, const std::string& path) {
  std::string paths;
  for (const auto& each : command.commands)
    paths += fmt::format(" '{} {}'", path, each.name) + paths_of(each, path + " " + each.name);
  return paths;
}

}  // namespace

std::string fish_completion(const CompletionCommand& program) {
  // Which command the words so far reach: fish's own helpers know no commands of commands.
  return fmt::format(R"(# fish completion for {0}
function __fish_{0}_at
  set -l path {0}
  for word in (commandline -opc)[2..]
    if contains -- "$path $word"{1}
      set path "$path $word"
    end
  end
  test "$path" = "$argv"
end
complete -c {0} -f
)",
                     program.name, paths_of(program, program.name)) +
         fish_options(program, program.name, program.name);
}

}  // namespace berth::cli
