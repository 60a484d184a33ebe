#include <fmt/format.h>

#include "completion.h"

namespace berth::cli {
namespace {

/// For a text within single quotes in which `special` characters need a backslash.
std::string in_quotes(std::string_view text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (special.find(c) != special.npos) result += '\\';
    result += c;
  }
  return result;
}

/// ":TEXT:(what may stand there)"
std::string value_spec(const CompletionOption& option) {
  if (option.value.empty()) return "";
  std::string choices;
  if (option.file && option.words.empty())
    choices = "_files";
  else if (option.file)
    choices = fmt::format("_alternative \"words:word:({})\" \"files:file:_files\"", fmt::join(option.words, " "));
  else if (!option.words.empty())
    choices = fmt::format("({})", fmt::join(option.words, " "));
  return ":" + in_quotes(option.value, ":") + ":" + in_quotes(choices, option.file ? ":" : "");
}

std::string option_spec(const CompletionOption& option) {
  const auto rest = "[" + in_quotes(option.description, "[]:\\") + "]" + value_spec(option);
  if (option.names.size() == 1) return fmt::format("'{}{}'", option.names[0], rest);
  return fmt::format("'({})'{{{}}}'{}'", fmt::join(option.names, " "), fmt::join(option.names, ","), rest);
}

std::string function(const std::string& name, const CompletionCommand& command) {
  std::string specs;
  for (const auto& option : command.options) specs += " \\\n    " + option_spec(option);
  for (const auto& positional : command.positionals) specs += " \\\n    '1" + value_spec(positional) + "'";
  if (command.commands.empty()) return fmt::format("{}() {{\n  _arguments -s -S{}\n}}\n\n", name, specs);

  std::string described;
  std::string cases;
  std::string functions;
  for (const auto& each : command.commands) {
    const auto function_name = name + "_" + each.name;
    described += fmt::format("        '{}:{}'\n", each.name, in_quotes(each.description, ":\\"));
    cases += fmt::format("        {}) {} ;;\n", each.name, function_name);
    functions += function(function_name, each);
  }
  return functions + fmt::format(R"({}() {{
  local state line
  typeset -A opt_args
  _arguments -C{} \
    '1: :->command' '*:: :->rest'
  case $state in
    command)
      local -a commands=(
{}      )
      _describe command commands
      ;;
    rest)
      case $line[1] in
{}      esac
      ;;
  esac
}}

)",
                                 name, specs, described, cases);
}

}  // namespace

std::string zsh_completion(const CompletionCommand& program) {
  return fmt::format(
      "#compdef {0}\n\n{1}if [ \"$funcstack[1]\" = _{0} ]; then\n  _{0} \"$@\"\nelse\n  compdef _{0} {0}\nfi\n",
      program.name, function("_" + program.name, program));
}

}  // namespace berth::cli
