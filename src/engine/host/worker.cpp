#include "engine/host/worker.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "berth/error.h"
#include "discover/driver_probes.h"
#include "discover/host/usable.h"
#include "discover/remote/rpc_worker.h"
#include "engine/host/connection.h"
#include "engine/host/last_words.h"
#include "inventory/device_key_fields.h"
#include "text/printable.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/llama/log_capture.h"
#include "engine/llama/worker_server.h"
#endif

namespace berth::structs {

template <>
struct FieldsOf<host::WorkerOptions> {
  using O = host::WorkerOptions;
  static constexpr std::tuple all = {required("listen", &O::listen), required("devices", &O::devices),
                                     field("keys", &O::keys), field("n_threads", &O::n_threads),
                                     field("cache", &O::cache)};
};

}  // namespace berth::structs

namespace berth::host {
namespace {

using process::Clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds time_to_start{60};
constexpr milliseconds pause{20};

/// The protocol has neither authentication nor encryption.
void check_is_local(const std::string& listen) {
  const auto endpoint = discovery::RpcEndpoint::parse(listen);
  if (!endpoint.host.starts_with("127.") && endpoint.host != "localhost")
    throw std::invalid_argument(
        fmt::format("{} could be reached by other machines, and ggml's protocol asks nobody who he is: listen at "
                    "127.0.0.1, and let "
                    "others in by a tunnel (ssh -L)",
                    in_quotes(listen)));
}

/// One process that serves.
class Serving {
 public:
  explicit Serving(const WorkerOptions& options) : ends_(Connection::pair()) {
    auto machine = discovery::Machine::this_one();
    machine.environment["GGML_NO_BACKTRACE"] = "1";
    const auto program = discovery::probe_helper(machine, "berth-engine-host");
    child_.emplace(process::Command{{program.string(), "--worker", options.to_dict().to_json()}, machine.environment},
                   ends_.second, words_.for_writing());
    words_.close_writing();
    ends_.second.reset();
  }

  bool ended() {
    words_.read();
    return child_->ends_by(Clock::now());
  }

  std::string end() {
    ends_.first.reset();
    child_->ends_by(Clock::now() + std::chrono::seconds(2));
    child_->kill(process::Child::Victims::all);
    const auto exit = child_->reap(Clock::now() + std::chrono::seconds(2));
    words_.read();
    return ending(exit) + words_.text();
  }

 private:
  std::pair<Descriptor, Descriptor> ends_;
  LastWords words_;
  std::optional<process::Child> child_;
};

bool answers(const std::string& endpoint) {
  try {
    const discovery::RpcWorker worker(endpoint, std::chrono::seconds(2));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

Value WorkerOptions::to_dict() const { return structs::write(*this); }
WorkerOptions WorkerOptions::from_dict(const Value& dict) { return structs::read<WorkerOptions>(dict, {}); }

void run_worker(const WorkerOptions& options, const CallContext& context, const std::function<void()>& on_ready) {
  check_is_local(options.listen);
  if (answers(options.listen))
    throw EngineError("llama.cpp", "", "a worker listens at " + options.listen + " already; take another port");
  while (!context.stop.stop_requested()) {
    Serving serving(options);
    const auto started = Clock::now();
    bool ready = false;
    while (!context.stop.stop_requested() && !serving.ended()) {
      if (!ready && answers(options.listen)) {
        ready = true;
        on_ready();
      }
      if (!ready && Clock::now() - started > time_to_start) break;
      std::this_thread::sleep_for(pause);
    }
    const auto how = serving.end();
    if (context.stop.stop_requested()) return;
    if (!ready)
      throw EngineError("llama.cpp", "", fmt::format("no worker could be started at {}: it {}", options.listen, how));
    if (context.log) context.log(LogLevel::warning, fmt::format("the worker {}; a new one is started", how));
  }
}

void serve_worker(const WorkerOptions& given, int lifeline) {
  std::thread([lifeline] {
    pollfd watched{lifeline, POLLIN, 0};
    while (poll(&watched, 1, -1) < 0 || watched.revents == 0) {
    }
    _exit(0);
  }).detach();
  auto options = given;
  if (options.n_threads == 0) options.n_threads = discovery::usable_cores();
#ifdef BERTH_WITH_LLAMA
  llama::LogCapture::print_errors();
  llama::serve_devices(options.listen, options.devices, options.keys, options.n_threads, options.cache);
#else
  throw EngineError("", "", "this Berth was built without an engine, so that it has no worker");
#endif
}

}  // namespace berth::host
