#include "command_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <exception>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "berth/engine.h"
#include "berth/version.h"
#include "command.h"
#include "completion.h"
#include "failure.h"
#include "help.h"
#include "output.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace berth::cli {
namespace {

constexpr auto description =
    "Device management for local model inference: what this machine has, which\n"
    "device is used and why, and models that run on it.";

constexpr auto main_examples =
    "Examples:\n"
    "  berth run smollm2 -p \"Why is the sky blue?\"\n"
    "  berth devices\n"
    "  berth resolve --explain\n"
    "  berth plan smollm2\n"
    "  berth run --help\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong use, 130 ended by Ctrl-C.";

std::string version_line() {
  std::string line = "berth " + std::string(version());
  for (const Engine* each : engines()) line += ", " + std::string(each->name()) + " " + each->version();
  return line;
}

/// The command that was reached, and its name with those above it: "berth run".
std::pair<const CLI::App*, std::string> reached_command(const CLI::App& app) {
  const CLI::App* command = &app;
  std::string name = app.get_name();
  for (auto parsed = app.get_subcommands(); !parsed.empty(); parsed = command->get_subcommands()) {
    command = parsed.front();
    name += " " + command->get_name();
  }
  return {command, name};
}

/// The first word that follows `command`, which stands there.
std::string word_after(const CLI::App& command, int argc, char** argv) {
  bool reached = command.get_parent() == nullptr;
  for (int i = 1; i < argc; ++i) {
    if (reached && *argv[i] != '-') return argv[i];
    reached = reached || argv[i] == command.get_name();
  }
  return "";
}

/// CLI11 says no more than that a command is missing.
WrongUse no_command(const CLI::App& command, const std::string& name, const std::string& instead) {
  std::string names;
  for (const CLI::App* each : command.get_subcommands({})) names += (names.empty() ? "" : ", ") + each->get_name();
  return WrongUse(
      (instead.empty() ? "Say what to do" : "There is no command '" + instead + "'") + "; the commands are " + names,
      name);
}

/// "complete -- WORDS...", which the scripts for shells call. It is in no help, and its words are not to be parsed.
bool asks_for_completions(int argc, char** argv) {
  return argc > 2 && std::string_view(argv[1]) == "complete" && std::string_view(argv[2]) == "--";
}

struct Command {
  std::string_view name;
  void (*add)(CLI::App&, Action&);
};

constexpr Command commands[] = {{"run", add_run},
                                {"embed", add_embed},
                                {"rank", add_rank},
                                {"devices", add_devices},
                                {"doctor", add_doctor},
                                {"resolve", add_resolve},
                                {"plan", add_plan},
                                {"inspect", add_inspect},
                                {"ps", add_ps},
                                {"worker", add_worker},
                                {"workers", add_workers},
                                {"convert", add_convert},
                                {"gguf", add_gguf},
                                {"pipeline", add_pipeline},
                                {"components", add_components},
                                {"completion", add_completion}};

/// Adds the command that `word` names, or all where it names none: their options take a millisecond.
void add_commands(CLI::App& app, Action& action, std::string_view word) {
  const bool named = std::ranges::find(commands, word, &Command::name) != std::end(commands);
  for (const auto& command : commands)
    if (!named || command.name == word) command.add(app, action);
}

int run_command_line(int argc, char** argv) {
  CLI::App app(description, "berth");
  Action action;
  set_help(app, main_examples);
  app.set_version_flag("--version", version_line, "Print the versions of Berth and its engines");
  app.require_subcommand(1);
  add_commands(app, action, argc > 1 ? argv[1] : "");
  if (asks_for_completions(argc, argv)) {
    print_completions(completions(app, {argv + 3, argv + argc}));
    return done;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return done;
  } catch (const CLI::CallForVersion& asked) {
    print(std::string(asked.what()) + "\n");
    return done;
  } catch (const CLI::ParseError& problem) {
    const auto [command, name] = reached_command(app);
    if (!command->get_subcommands({}).empty() && problem.get_name() == "RequiredError")
      throw no_command(*command, name, word_after(*command, argc, argv));
    std::string message = problem.what();
    // Checks have seen that it is a number.
    constexpr std::string_view no_conversion = "Could not convert: ";
    if (message.starts_with(no_conversion)) message.replace(0, no_conversion.size(), "Out of range: ");
    throw WrongUse(message, name);
  }
  return action();
}

/// A plan takes and gives back some megabytes several times: without this, page by page from the kernel each time.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int bytes = 4 << 20;
  mallopt(M_MMAP_THRESHOLD, bytes);
  mallopt(M_TRIM_THRESHOLD, 2 * bytes);
#endif
}

/// Whoever starts this with a closed standard stream gets errors when it is used. Else the next file that is opened would take
/// its number, and be read or written in its place.
void hold_closed_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (fcntl(stream, F_GETFD) < 0) (void)open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/// An error may come before the options are known.
bool asks_for_json(int argc, char** argv) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i)
    if (std::string_view(argv[i]) == "--json") return true;
  return false;
}

}  // namespace

int command_line(int argc, char** argv) {
  hold_closed_streams();
  std::setlocale(LC_CTYPE, "");
  keep_freed_memory();
  std::signal(SIGPIPE, SIG_DFL);  // whoever reads no more ends this quietly, even where the parent ignores the signal
  const bool json = asks_for_json(argc, argv);
  try {
    const int code = run_command_line(argc, argv);
    flush();
    return code;
  } catch (const std::exception& problem) {
    return report(problem, json);
  }
}

}  // namespace berth::cli
