#include "worker_keys.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "help.h"
#include "net/key_folder.h"
#include "output.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto keys_examples =
    "Examples:\n"
    "  berth worker keys init\n"
    "  berth worker keys add laptop\n"
    "  berth worker keys revoke laptop";
constexpr auto init_examples =
    "Examples:\n"
    "  berth worker keys init";
constexpr auto add_key_examples =
    "Examples:\n"
    "  berth worker keys add laptop\n"
    "  berth worker keys add second-worker --worker -o second.pem";
constexpr auto revoke_examples =
    "Examples:\n"
    "  berth worker keys revoke laptop";
constexpr auto list_keys_examples =
    "Examples:\n"
    "  berth worker keys list";

struct KeyArguments {
  std::string name;
  std::string file;
  bool worker = false;
  net::KeyOptions options;
};

int init_keys(const KeyArguments& arguments) {
  net::KeyFolder().init(arguments.options);
  print(
      fmt::format("Keys are in {}. Workers of this user use them from their next start on.\n"
                  "berth worker keys add NAME makes a key for a program on another machine.\n",
                  escaped(net::key_folder().string())));
  return done;
}

int add_key(const KeyArguments& arguments) {
  const std::filesystem::path file = arguments.file.empty() ? arguments.name + ".pem" : arguments.file;
  auto options = arguments.options;
  options.use = arguments.worker ? net::KeyUse::worker : net::KeyUse::client;
  net::KeyFolder().add(arguments.name, file, options);
  const auto name = escaped(file.string());
  if (arguments.worker)
    print(fmt::format(
        "{} holds the key: carry it to that machine by a safe way, as whoever has it is a worker of yours.\n"
        "There: berth worker --listen 0.0.0.0:50052 --tls-ca {} --tls-cert {} --tls-key {}\n",
        name, name, name, name));
  else
    print(fmt::format(
        "{} holds the key: carry it to that machine by a safe way, as whoever has it may use your workers.\n"
        "There: BERTH_WORKER_KEY={} BERTH_RPC=tls://HOST:50052 berth devices\n",
        name, name));
  return done;
}

int revoke_key(const KeyArguments& arguments) {
  const net::KeyFolder folder;
  const bool of_worker = folder.revoke(arguments.name) == net::KeyUse::worker;
  const auto list = escaped(folder.revoked_file().string());
  print(fmt::format("{} is refused here from now on. Connections that it has already stay until they end.\n",
                    arguments.name));
  print(of_worker ? fmt::format("Programs on other machines refuse it once {} lies beside their key.\n", list)
                  : fmt::format("Workers on other machines refuse it once they have {} (--tls-crl).\n", list));
  return done;
}

int list_keys() {
  std::string lines;
  for (const auto& key : net::KeyFolder().list())
    lines += fmt::format("{:<24} {:<7} {} {}\n", key.name, key.use == net::KeyUse::worker ? "worker" : "client",
                         key.expired ? "expired" : "until", key.expires + (key.revoked ? ", revoked" : ""));
  print(lines);
  return done;
}

void add_key_options(CLI::App& command, KeyArguments& arguments) {
  command
      .add_option("--host", arguments.options.hosts,
                  "Of a worker: a name or address that it may be reached by; can be repeated (any)")
      ->type_name("HOST")
      ->allow_extra_args(false);
  command.add_option("--days", arguments.options.days, "How long it is valid (730)")
      ->type_name("N")
      ->check(whole_number())
      ->check(CLI::Range(1, 3650));
}

void add_name(CLI::App& command, KeyArguments& arguments) {
  command.add_option("NAME", arguments.name, "What it is called, such as the host it is for")->required();
}

}  // namespace

void add_worker_keys(CLI::App& worker, Action& action) {
  auto* keys = worker.add_subcommand("keys", "Make, list and revoke the keys of those who may use the workers here");
  set_help(*keys, keys_examples);
  keys->require_subcommand(1);
  const auto arguments = std::make_shared<KeyArguments>();
  auto* init = add_part(*keys, "init", "Make a CA of your own, and keys for workers and programs here", init_examples,
                        action, [arguments] { return init_keys(*arguments); });
  add_key_options(*init, *arguments);
  auto* add = add_part(*keys, "add", "Make a key for a program or a worker on another machine", add_key_examples,
                       action, [arguments] { return add_key(*arguments); });
  add_name(*add, *arguments);
  add->add_option("-o,--output", arguments->file, "Where it is written (NAME.pem)")->type_name("FILE");
  add->add_flag("--worker", arguments->worker, "For a worker there, not for a program that uses workers");
  add_key_options(*add, *arguments);
  auto* revoke = add_part(*keys, "revoke", "Refuse a key here from now on, also in workers that run", revoke_examples,
                          action, [arguments] { return revoke_key(*arguments); });
  add_name(*revoke, *arguments);
  add_part(*keys, "list", "List the keys that were made", list_keys_examples, action, [] { return list_keys(); });
}

}  // namespace berth::cli
