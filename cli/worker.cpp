#include "engine/host/worker.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "berth/resolve.h"
#include "command.h"
#include "device_argument.h"
#include "failure.h"
#include "help.h"
#include "interrupt.h"
#include "output.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto worker_examples =
    "Examples:\n"
    "  berth worker\n"
    "  berth worker --listen 127.0.0.1:50053 --device cuda:1\n"
    "  BERTH_RPC=127.0.0.1:50052 berth run smollm2 -p \"Hi!\" --device rpc:0";

struct WorkerArguments {
  std::string listen = "127.0.0.1:50052";
  std::vector<std::string> devices;
  int n_threads = 0;
  std::string cache;
};

host::WorkerOptions worker_options(const WorkerArguments& arguments) {
  host::WorkerOptions options{.listen = arguments.listen, .n_threads = arguments.n_threads, .cache = arguments.cache};
  if (arguments.devices.empty()) return options;
  options.devices.clear();
  for (const auto& text : arguments.devices) {
    const auto resolution = resolve_here(parse_request_argument(text), {"llama.cpp"});
    for (const auto& [name, key] : resolution.keys) options.keys.set(name, key);
    const auto* device = resolution.device.single();
    if (device == nullptr) throw WrongUse("--device takes one device; repeat it for more", "berth worker");
    options.devices.push_back(*device);
  }
  return options;
}

int run_as_worker(const WorkerArguments& arguments) {
  const auto options = worker_options(arguments);
  const Interrupt interrupt;
  const CallContext context(interrupt.token(),
                            [](LogLevel, std::string_view text) { note("warning: " + escaped(text)); });
  std::string devices;
  for (const auto& device : options.devices) devices += (devices.empty() ? "" : ", ") + device.str();
  host::run_worker(options, context, [&] {
    print(
        fmt::format("{} can be used at {}: BERTH_RPC={}\n", devices, escaped(options.listen), escaped(options.listen)));
    flush();
  });
  return interrupt.signal() == 0 ? done : 128 + interrupt.signal();
}

}  // namespace

void add_worker(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("worker", "Offer devices of this machine to other programs, by ggml's RPC");
  set_help(*command, worker_examples);
  auto arguments = std::make_shared<WorkerArguments>();
  command->add_option("--listen", arguments->listen, "Address of this machine alone, and port (127.0.0.1:50052)")
      ->type_name("ADDRESS:PORT");
  command->add_option("--device", arguments->devices, "What to offer, such as cuda:0; can be repeated (cpu)")
      ->type_name("DEVICE")
      ->allow_extra_args(false);
  command->add_option("--threads", arguments->n_threads, "0, the default: the cores that this process may use")
      ->type_name("N")
      ->check(whole_number());
  command->add_option("--cache", arguments->cache, "A folder for weights, so that they are sent once only")
      ->type_name("FOLDER");
  command->callback([arguments, &action] { action = [arguments] { return run_as_worker(*arguments); }; });
}

}  // namespace berth::cli
