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

/// The cases of a command and of those below it; `path` is how it is called, "berth pipeline run".
struct Cases {
  std::string paths;   ///< of commands
  std::string words;   ///< what may stand behind a command
  std::string values;  ///< what may stand behind an option that takes a value

  void add(const CompletionCommand& command, const std::string& path) {
    words += fmt::format("    '{}') options='{}' words='{}' ;;\n", path, names_of(command.options), words_of(command));
    for (const auto& option : command.options) {
      if (option.value.empty()) continue;
      std::vector<std::string> patterns;
      for (const auto& name : option.names) patterns.push_back(fmt::format("'{}:{}'", path, name));
      values += fmt::format("    {}) words='{}' value=1 ;;\n", fmt::join(patterns, "|"), fmt::join(option.words, " "));
    }
    for (const auto& each : command.commands) {
      paths += fmt::format("{}'{} {}'", paths.empty() ? "" : "|", path, each.name);
      add(each, path + " " + each.name);
    }
  }
};

}  // namespace

std::string bash_completion(const CompletionCommand& program) {
  Cases cases;
  cases.add(program, program.name);
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
    case "$command ${{COMP_WORDS[i]}}" in
      {1}) command="$command ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$command" in
{2}  esac
  case "$command:$previous" in
{3}  esac
  if [[ -z $value && $current == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _{0} {0}
)",
                     program.name, cases.paths, cases.words, cases.values);
}

}  // namespace berth::cli
