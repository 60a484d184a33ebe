#include "completion.h"

#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "berth/component.h"
#include "berth/device.h"
#include "command.h"
#include "completion_scripts.h"
#include "engine/worker_list.h"
#include "help.h"
#include "output.h"

namespace berth::cli {
namespace {

constexpr auto examples =
    "Examples:\n"
    "  berth completion bash > ~/.local/share/bash-completion/completions/berth\n"
    "  berth completion zsh > \"${fpath[1]}/_berth\"\n"
    "  berth completion fish > ~/.config/fish/completions/berth.fish";

/// A list that cannot be read has none.
void add_workers_of_list(std::vector<std::string>& words) {
  try {
    for (const auto& worker : known_workers()) words.push_back(worker.name);
  } catch (const std::runtime_error&) {
  }
}

/// The words that are known for what the help calls DEVICE, MODEL, ...
std::vector<std::string> known_words(const CLI::Option& option) {
  auto words = value_choices(option);
  const auto value = value_name(option);
  if (value == "MODEL") words.emplace_back("smollm2");
  if (value == "ENCODER") words.insert(words.end(), {"minilm", "smollm2"});
  if (value == "COMPONENT" && option.get_positional()) {
    for (const ComponentClass* component : component_classes())
      words.push_back(component->type.substr(component->type.rfind('.') + 1));
  }
  if (value == "WORKER") add_workers_of_list(words);
  if (value == "WISH") words.insert(words.end(), {"auto", "gpu"});
  if (value == "DEVICE" || value == "WISH") {
    for (const DeviceType type : all_device_types)
      if (type != DeviceType::disk) words.emplace_back(to_string(type));
  }
  return words;
}

bool may_be_file(const CLI::Option& option) {
  const auto value = value_name(option);
  return value == "MODEL" || value == "ENCODER" || value == "FILE" || value == "INPUT" || value == "DIR";
}

const CLI::App* subcommand(const CLI::App& command, const std::string& name) {
  for (const CLI::App* each : command.get_subcommands({}))
    if (each->get_name() == name) return each;
  return nullptr;
}

const CLI::Option* positional(const CLI::App& command, std::size_t index) {
  const auto positionals = command.get_options([](const CLI::Option* option) { return option->get_positional(); });
  return index < positionals.size() ? positionals[index] : nullptr;
}

/// A command that was begun: what was given to it, and what its last word waits for.
struct Begun {
  const CLI::App* command;
  const CLI::Option* waits = nullptr;  ///< the option whose value comes next
  std::size_t positionals = 0;         ///< how many were given
  bool options_end = false;            ///< "--" was given

  void take(const std::string& word) {
    if (waits != nullptr) {
      waits = nullptr;
    } else if (!options_end && word == "--") {
      options_end = true;
    } else if (!options_end && word.size() > 1 && word[0] == '-') {
      const auto* option = command->get_option_no_throw(word);
      if (option != nullptr && !value_name(*option).empty()) waits = option;
    } else if (const auto* next = positionals == 0 ? subcommand(*command, word) : nullptr) {
      command = next;
    } else {
      ++positionals;
    }
  }
};

/// What begins with the word that was typed so far.
class Answer {
 public:
  explicit Answer(std::string typed) : typed_(std::move(typed)) {}

  void add(std::string word, std::string description = "") {
    if (word.starts_with(typed_)) completions_.words.push_back({std::move(word), std::move(description)});
  }
  /// `before` is "--to=" where option and value are one word.
  void add_values(const CLI::Option& option, const std::string& before = "") {
    for (const auto& word : known_words(option)) add(before + word);
    completions_.files = may_be_file(option);
  }
  void add_options(const CLI::App& command) {
    for (const CLI::Option* option : command.get_options()) {
      // A long help stands in the way of choosing: what comes first says most.
      const auto& help = option->get_description();
      const auto description = help.substr(0, help.find_first_of(";:"));
      for (const auto& name : option->get_snames()) add("-" + name, description);
      for (const auto& name : option->get_lnames()) add("--" + name, description);
    }
  }
  void add_commands(const CLI::App& command) {
    for (const CLI::App* each : command.get_subcommands({})) {
      const auto& description = each->get_description();
      add(each->get_name(), description.substr(0, description.find('\n')));
    }
  }
  Completions take() && { return std::move(completions_); }

 private:
  std::string typed_;
  Completions completions_;
};

}  // namespace

Completions completions(const CLI::App& app, std::vector<std::string> words) {
  const auto typed = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  Begun begun{.command = &app};
  for (const auto& word : words) begun.take(word);

  Answer answer(typed);
  const auto& command = *begun.command;
  if (begun.waits != nullptr) {
    answer.add_values(*begun.waits);
  } else if (!begun.options_end && typed.starts_with('-')) {
    const auto equals = typed.find('=');
    const auto* option = equals == typed.npos ? nullptr : command.get_option_no_throw(typed.substr(0, equals));
    if (option != nullptr)
      answer.add_values(*option, typed.substr(0, equals + 1));
    else
      answer.add_options(command);
  } else {
    if (begun.positionals == 0) answer.add_commands(command);
    if (const auto* option = positional(command, begun.positionals)) answer.add_values(*option);
  }
  return std::move(answer).take();
}

void print_completions(const Completions& completions) {
  for (const auto& [word, description] : completions.words)
    print(description.empty() ? word + "\n" : word + "\t" + description + "\n");
  if (completions.files) print(":files\n");
}

void add_completion(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("completion", "Print a script that lets a shell complete Berth's command line");
  set_help(*command, examples);
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->check(one_of({"bash", "zsh", "fish"}))
      ->required();
  command->callback([shell, &action] {
    action = [shell] {
      print(*shell == "bash" ? bash_script : *shell == "zsh" ? zsh_script : fish_script);
      return done;
    };
  });
}

}  // namespace berth::cli
