#include <fmt/format.h>

#include "completion.h"

namespace berth::cli {
namespace {

std::string names_of(const std::vector<CompletionOption>& options) {
  std::string names;
  for (const auto& option : options)
    for (const auto& name : option.names) names += (names.empty() ? "" : " ") + name;
  return names;
}

std::string words_of(const CompletionCommand& command) {
  std::vector<std::string> words;
  for (const auto& each : command.commands) words.push_back(each.name);
  for (const auto& positional : command.positionals)
    words.insert(words.end(), positional.words.begin(), positional.words.end());
  return fmt::format("{}", fmt::join(words, " "));
}

/// The cases "COMMAND:OPTION" of options that take a value.
std::string value_cases(const CompletionCommand& command) {
  std::string cases;
  for (const auto& option : command.options) {
    if (option.value.empty()) continue;
    std::vector<std::string> patterns;
    for (const auto& name : option.names) patterns.push_back(command.name + ":" + name);
    cases += fmt::format("    {}) words='{}' value=1 ;;\n", fmt::join(patterns, "|"), fmt::join(option.words, " "));
  }
  return cases;
}

std::string command_case(const CompletionCommand& command) {
  return fmt::format("    {}) options='{}' words='{}' ;;\n", command.name, names_of(command.options),
                     words_of(command));
}

}  // namespace

std::string bash_completion(const CompletionCommand& program) {
  std::string commands;
  std::string cases = command_case(program);
  std::string values = value_cases(program);
  for (const auto& command : program.commands) {
    commands += (commands.empty() ? "" : "|") + command.name;
    cases += command_case(command);
    values += value_cases(command);
  }
  // With -o default, file names are offered where no word fits: what a MODEL may be. bash takes "--to=hf" apart at "=".
  return fmt::format(R"(# bash completion for {0}
_{0}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local command={0} options='' words='' value='' i
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      {1}) command=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  case $command in
{2}  esac
  case $command:$previous in
{3}  esac
  if [[ -z $value && $current == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _{0} {0}
)",
                     program.name, commands, cases, values);
}

}  // namespace berth::cli
