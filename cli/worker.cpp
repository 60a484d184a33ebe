#include "engine/host/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "berth/resolve.h"
#include "command.h"
#include "device_argument.h"
#include "discover/remote/rpc_endpoint.h"
#include "failure.h"
#include "help.h"
#include "interrupt.h"
#include "net/key_folder.h"
#include "net/sockets.h"
#include "output.h"
#include "text/bytes.h"
#include "text/printable.h"
#include "worker_keys.h"

namespace berth::cli {
namespace {

constexpr auto worker_examples =
    "Examples:\n"
    "  berth worker\n"
    "  berth worker --listen 127.0.0.1:50053 --device cuda:1 --memory 8GiB\n"
    "  berth worker --listen 0.0.0.0:50052 --tls\n"
    "  BERTH_RPC=127.0.0.1:50052 berth run smollm2 -p \"Hi!\" --device rpc:0";

struct WorkerArguments {
  host::WorkerDoor door;
  std::vector<std::string> devices;
  int n_threads = 0;
  std::string cache;
  int idle_s = 0;
  std::optional<std::string> memory;
  std::optional<std::string> cache_size;
  bool tls = false;
  bool any_user = false;
  bool unprotected = false;
  net::TlsKeys keys;  // of the user's own CA
};

std::uint64_t size_of(const std::string& option, const std::string& text) {
  constexpr auto most = std::uint64_t{1} << 60;
  const auto bytes = parse_bytes(text).value_or(0);
  if (bytes == 0 || bytes > most)
    throw WrongUse(fmt::format("{} takes a size such as 8GiB, not {}", option, in_quotes(text)), "berth worker");
  return bytes;
}

host::WorkerOptions worker_options(const WorkerArguments& arguments) {
  host::WorkerOptions options{.n_threads = arguments.n_threads, .cache = arguments.cache, .idle_s = arguments.idle_s};
  if (arguments.memory) options.memory_bytes = size_of("--memory", *arguments.memory);
  if (arguments.cache_size) options.cache_bytes = size_of("--cache-size", *arguments.cache_size);
  if (arguments.devices.empty()) return options;
  options.devices.clear();
  for (const auto& text : arguments.devices) {
    const auto resolution = resolve_here(parse_request_argument(text), {"llama.cpp"});
    for (const auto& [name, key] : resolution.keys) options.keys.set(name, key);
    const auto* device = resolution.device.single();
    if (device == nullptr) throw WrongUse("--device takes one device; repeat it for more", "berth worker");
    if (std::ranges::find(options.devices, *device) != options.devices.end())
      throw WrongUse(fmt::format("--device {} is there twice", device->str()), "berth worker");
    options.devices.push_back(*device);
  }
  return options;
}

/// Keys protect whatever others can reach, also where nobody said so.
host::WorkerDoor worker_door(const WorkerArguments& arguments) {
  using Who = host::WorkerDoor::Who;
  auto door = arguments.door;
  const net::KeyFolder own;
  const bool own_ca = !arguments.keys.certificate.empty();
  const bool loopback = net::is_loopback(discovery::RpcEndpoint::parse(door.listen).host);
  if (arguments.unprotected) {
    door.who = Who::everybody;
  } else if (arguments.tls || own_ca || (!loopback && own.is_there())) {
    door.who = Who::key_holders;
    if (!own_ca && !own.is_there())
      throw std::runtime_error(fmt::format("there are no keys for a worker, {}: berth worker keys init makes them",
                                           (net::key_folder() / "worker.pem").string()));
    door.tls = own_ca ? arguments.keys : own.for_worker();
  } else {
    door.who = arguments.any_user ? Who::this_machine : Who::this_user;
  }
  return door;
}

int run_as_worker(const WorkerArguments& arguments) {
  const auto options = worker_options(arguments);
  const auto door = worker_door(arguments);
  const Interrupt interrupt;
  const CallContext context(interrupt.token(),
                            [](LogLevel, std::string_view text) { note("warning: " + escaped(text)); });
  std::string devices;
  for (const auto& device : options.devices) devices += (devices.empty() ? "" : ", ") + device.str();
  const auto endpoint = (door.who == host::WorkerDoor::Who::key_holders ? "tls://" : "") + door.listen;
  host::run_worker(options, door, context, [&] {
    print(fmt::format("{} can be used at {}: BERTH_RPC={}\n", devices, escaped(door.listen), escaped(endpoint)));
    flush();
  });
  return interrupt.signal() == 0 ? done : 128 + interrupt.signal();
}

void add_protection(CLI::App& command, WorkerArguments& arguments) {
  const auto file = [&](const char* name, std::filesystem::path& to, const char* what) {
    return command.add_option(name, to, what)->type_name("FILE");
  };
  auto* tls = command.add_flag("--tls", arguments.tls,
                               "Serve those who have a key (berth worker keys); implied beyond this machine");
  auto* ca = file("--tls-ca", arguments.keys.ca, "A CA of your own: who signed the certificates of clients, in PEM");
  auto* certificate = file("--tls-cert", arguments.keys.certificate, "This worker's certificate from that CA");
  auto* key = file("--tls-key", arguments.keys.key, "The private key of that certificate");
  auto* revoked = file("--tls-crl", arguments.keys.revoked, "What that CA has revoked");
  for (auto* each : {ca, certificate, key}) each->needs(ca, certificate, key);
  revoked->needs(ca);
  auto* any_user =
      command.add_flag("--any-user", arguments.any_user, "Serve all users of this machine, not only this one");
  auto* unprotected = command.add_flag("--unprotected", arguments.unprotected,
                                       "Serve whoever can reach the address, unencrypted: anybody there can read and "
                                       "change what is computed, and take this machine's memory");
  unprotected->excludes(tls, ca, any_user);
  any_user->excludes(tls, ca);
  command
      .add_option("--connections", arguments.door.connections,
                  "Clients at the same time, each in a process of its own (16)")
      ->type_name("N")
      ->check(whole_number())
      ->check(CLI::Range(1, 1000));
  command
      .add_option("--idle", arguments.idle_s,
                  "End a client that asks for nothing for so long (600 where it holds no memory here, else never)")
      ->type_name("SECONDS")
      ->check(whole_number())
      ->check(CLI::Range(1, 1'000'000));
}

}  // namespace

void add_worker(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("worker", "Offer devices of this machine to other programs, by ggml's RPC");
  set_help(*command, worker_examples);
  auto arguments = std::make_shared<WorkerArguments>();
  command->add_option("--listen", arguments->door.listen, "Address and port (127.0.0.1:50052)")
      ->type_name("ADDRESS:PORT");
  command->add_option("--device", arguments->devices, "What to offer, such as cuda:0; can be repeated (cpu)")
      ->type_name("DEVICE")
      ->allow_extra_args(false);
  command->add_option("--threads", arguments->n_threads, "0, the default: the cores that this process may use")
      ->type_name("N")
      ->check(whole_number())
      ->check(CLI::Range(0, 512));
  auto* cache =
      command->add_option("--cache", arguments->cache, "A folder for weights, so that they are sent once only")
          ->type_name("FOLDER");
  command
      ->add_option("--cache-size", arguments->cache_size,
                   "What that folder may hold; what was used longest ago goes first (64GiB)")
      ->type_name("SIZE")
      ->needs(cache);
  command
      ->add_option("--memory", arguments->memory,
                   "What clients may take of each device, all of them together, such as 8GiB (what it has)")
      ->type_name("SIZE");
  add_protection(*command, *arguments);
  command->require_subcommand(0, 1);
  add_worker_keys(*command, action);
  command->callback([arguments, command, &action] {
    if (command->get_subcommands().empty()) action = [arguments] { return run_as_worker(*arguments); };
  });
}

}  // namespace berth::cli
