#include "completion.h"

#include <memory>

#include "berth/component.h"
#include "berth/device.h"
#include "command.h"
#include "help.h"
#include "output.h"

namespace berth::cli {
namespace {

constexpr auto examples =
    "Examples:\n"
    "  berth completion bash > ~/.local/share/bash-completion/completions/berth\n"
    "  berth completion zsh > \"${fpath[1]}/_berth\"\n"
    "  berth completion fish > ~/.config/fish/completions/berth.fish";

/// What may stand where the help says DEVICE or MODEL.
std::vector<std::string> known_words(const CLI::Option& option, const std::string& value) {
  std::vector<std::string> words = value_choices(option);
  if (value == "MODEL") words.emplace_back("smollm2");
  if (value == "COMPONENT" && option.get_positional()) {
    for (const ComponentClass* component : component_classes())
      words.push_back(component->type.substr(component->type.rfind('.') + 1));
  }
  if (value == "WISH") words.insert(words.end(), {"auto", "gpu"});
  if (value == "DEVICE" || value == "WISH") {
    for (const DeviceType type : all_device_types)
      if (type != DeviceType::disk) words.emplace_back(to_string(type));
  }
  return words;
}

CompletionOption as_completion(const CLI::Option& option) {
  CompletionOption result;
  for (const auto& name : option.get_snames()) result.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) result.names.push_back("--" + name);
  result.value = value_name(option);
  result.words = known_words(option, result.value);
  result.file = result.value == "MODEL" || result.value == "FILE" || result.value == "INPUT";
  // A long help stands in the way of choosing: what comes first says most.
  const auto& description = option.get_description();
  result.description = description.substr(0, description.find_first_of(";:"));
  return result;
}

}  // namespace

CompletionCommand completion_tree(const CLI::App& app) {
  CompletionCommand result;
  result.name = app.get_name();
  const auto& description = app.get_description();
  result.description = description.substr(0, description.find('\n'));
  for (const CLI::Option* option : app.get_options())
    (option->get_positional() ? result.positionals : result.options).push_back(as_completion(*option));
  for (const CLI::App* command : app.get_subcommands({})) result.commands.push_back(completion_tree(*command));
  return result;
}

void add_completion(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("completion", "Print a script that lets a shell complete Berth's command line");
  set_help(*command, examples);
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->check(one_of({"bash", "zsh", "fish"}))
      ->required();
  command->callback([shell, &app, &action] {
    action = [shell, &app] {
      const auto tree = completion_tree(app);
      print(*shell == "bash" ? bash_completion(tree) : *shell == "zsh" ? zsh_completion(tree) : fish_completion(tree));
      return done;
    };
  });
}

}  // namespace berth::cli
