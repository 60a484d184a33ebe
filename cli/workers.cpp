#include "workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "failure.h"
#include "help.h"
#include "output.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr std::chrono::seconds patience_of_check{5};

constexpr auto workers_examples =
    "Examples:\n"
    "  berth workers add den 192.168.1.5:50052\n"
    "  berth workers check\n"
    "  berth workers list --json\n"
    "  berth workers remove den";

constexpr auto add_examples =
    "Examples:\n"
    "  berth workers add den 192.168.1.5:50052\n"
    "  berth workers add den tls://den.example:50052 --keys ~/den.keys";

constexpr auto list_examples = "Examples:\n  berth workers list\n  berth workers list --json";
constexpr auto remove_examples = "Examples:\n  berth workers remove den";
constexpr auto check_examples = "Examples:\n  berth workers check\n  berth workers check den --json";

struct WorkersArguments {
  KnownWorker worker;
  std::vector<std::string> names;
  bool json = false;
};

void tell_lost_comments(bool lost) {
  if (lost) note("warning: the list was written in a way that could not be kept; its comments are lost");
}

int add_to_list(const WorkersArguments& arguments) {
  const auto file = workers_file();
  tell_lost_comments(add_worker_to(file, arguments.worker));
  print(fmt::format("{} is in {}; \"berth workers check {}\" asks it\n", arguments.worker.name, escaped(file.string()),
                    arguments.worker.name));
  return done;
}

int remove_from_list(const WorkersArguments& arguments) {
  const auto file = workers_file();
  tell_lost_comments(remove_worker_from(file, arguments.worker.name));
  print(fmt::format("{} is no longer in {}\n", arguments.worker.name, escaped(file.string())));
  return done;
}

int show_list(const WorkersArguments& arguments) {
  const auto workers = known_workers();
  if (arguments.json) {
    Value::Array list;
    for (const auto& each : workers)
      list.push_back(Value::Object{
          {"name", each.name}, {"endpoint", each.endpoint}, {"keys", each.keys}, {"enabled", each.enabled}});
    print(Value(std::move(list)).to_json(2) + "\n");
    return done;
  }
  if (workers.empty()) print(fmt::format("{} has no workers\n", escaped(workers_file().string())));
  for (const auto& each : workers)
    print(fmt::format("{} {}{}{}\n", each.name, escaped(each.endpoint),
                      each.keys.empty() ? "" : ", keys in " + escaped(each.keys), each.enabled ? "" : ", not enabled"));
  return done;
}

/// Those that were named, else all that are enabled.
std::vector<KnownWorker> wanted_workers(const std::vector<std::string>& names) {
  const auto all = known_workers();
  std::vector<KnownWorker> wanted;
  for (const auto& name : names) {
    const auto found = std::ranges::find(all, name, &KnownWorker::name);
    if (found == all.end()) throw WrongUse("There is no worker " + in_quotes(name) + " in the list", "berth workers");
    wanted.push_back(*found);
  }
  if (names.empty()) std::ranges::copy_if(all, std::back_inserter(wanted), &KnownWorker::enabled);
  return wanted;
}

int check_list(const WorkersArguments& arguments) {
  const auto answers = ask_workers(wanted_workers(arguments.names), patience_of_check);
  if (arguments.json)
    print(answers_value(answers).to_json(2) + "\n");
  else
    print(answers.empty() ? "No workers are enabled in " + escaped(workers_file().string()) + "\n"
                          : answers_table(answers));
  return std::ranges::all_of(answers, [](const auto& each) { return each.problem.empty(); }) ? done : failed;
}

}  // namespace

void add_workers(CLI::App& app, Action& action) {
  auto* workers = app.add_subcommand("workers", "Keep a list of workers on other machines, and ask them");
  set_help(*workers, workers_examples);
  workers->require_subcommand(1);
  const auto arguments = std::make_shared<WorkersArguments>();

  auto* add = add_part(*workers, "add", "Put a worker into the list", add_examples, action,
                       [arguments] { return add_to_list(*arguments); });
  add->add_option("NAME", arguments->worker.name, "What you call it: letters, digits, '-', '_' and '.'")
      ->type_name("NAME")
      ->required();
  add->add_option("ENDPOINT", arguments->worker.endpoint, "Where it listens, HOST:PORT or tls://HOST:PORT")
      ->type_name("ENDPOINT")
      ->required();
  add->add_option("--keys", arguments->worker.keys, "The keys for it, where it is reached by tls://")
      ->type_name("FILE");

  auto* list = add_part(*workers, "list", "Print the list", list_examples, action,
                        [arguments] { return show_list(*arguments); });
  list->add_flag("--json", arguments->json, "Print one JSON document: a list of workers");

  auto* remove = add_part(*workers, "remove", "Take a worker out of the list", remove_examples, action,
                          [arguments] { return remove_from_list(*arguments); });
  remove->add_option("NAME", arguments->worker.name, "One of the list")->type_name("WORKER")->required();

  auto* check =
      add_part(*workers, "check", "Ask workers what they have and how fast they answer; exit 1 where one does not",
               check_examples, action, [arguments] { return check_list(*arguments); });
  check->add_option("NAME", arguments->names, "Those alone; else all that are enabled")->type_name("WORKER");
  check->add_flag("--json", arguments->json, "Print one JSON document: a list of answers");
}

}  // namespace berth::cli
