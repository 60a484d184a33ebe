#include "engine/host/worker_service.h"

#include <fcntl.h>
#include <poll.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "berth/error.h"
#include "discover/host/usable.h"
#include "engine/host/connection.h"
#include "engine/host/end_process.h"
#include "engine/host/request_sizes.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/llama/log_capture.h"
#include "engine/llama/worker_server.h"
#endif

namespace berth::host {
namespace {

/// One for the process: what ggml calls has no other way to it.
std::unique_ptr<Connection> to_front;
bool was_asked_for_client = false;
std::atomic<int> client{-1};
RequestSizes request_sizes;

/// A client may let ggml compute for long. The front hears meanwhile that this process is not frozen, and nobody waits for it once
/// the front is gone.
void stay_with_front() try {
  pollfd watched{to_front->socket(), POLLRDHUP, 0};
  for (;;) {
    const int found = poll(&watched, 1, static_cast<int>(between_signs_of_life.count()));
    if (found > 0) break;
    if (found == 0 && client >= 0) to_front->send(Kind::progress);
  }
  end_process();
} catch (const ConnectionLost&) {
  end_process();
}

#ifdef BERTH_WITH_LLAMA
/// Where all processes of the worker count what they hold.
std::optional<llama::MemoryLimit> limit_from_front(const WorkerOptions& options) {
  if (!options.memory_bytes) return std::nullopt;
  auto message = to_front->receive();
  if (!message || message->descriptor < 0) end_process();
  return llama::MemoryLimit{*options.memory_bytes,
                            std::make_shared<MemoryCount>(std::move(message->descriptor), options.devices.size()),
                            std::stoul(message->body)};
}
#endif

}  // namespace

bool is_worker_service() { return to_front != nullptr; }

int next_client() try {
  if (std::exchange(was_asked_for_client, true)) end_process();
  to_front->send(Kind::done);
  const auto message = to_front->receive();
  if (!message || message->descriptor < 0) end_process();
  return client = fcntl(message->descriptor, F_DUPFD_CLOEXEC, 0);
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  end_process();
}

bool is_client(int socket) { return socket == client; }

bool may_be_read(std::string_view bytes) {
#ifdef BERTH_WITH_LLAMA
  const auto most = llama::longest_request();
  const auto too_long = request_sizes.too_long(bytes, most);
  if (too_long)
    std::fprintf(stderr, "a client sends a request of %ju bytes, and may send %ju\n", std::uintmax_t{*too_long},
                 std::uintmax_t{most});
  return !too_long;
#else
  return bytes.empty();
#endif
}

void serve_worker(const WorkerOptions& given, Descriptor front) {
  std::ofstream("/proc/self/oom_score_adj") << 500;  // where memory runs out, a client goes before the front
  signal(SIGPIPE, SIG_IGN);                          // a client that goes away in the middle of an answer is no crash
  to_front = std::make_unique<Connection>(std::move(front));
  std::thread(stay_with_front).detach();
  auto options = given;
  if (options.n_threads == 0) options.n_threads = discovery::usable_cores();
#ifdef BERTH_WITH_LLAMA
  llama::LogCapture::print_errors();
  llama::serve_devices(options.devices, options.keys, options.n_threads, options.cache, limit_from_front(options));
#else
  throw EngineError("", "", "this Berth was built without an engine, so that it has no worker");
#endif
}

}  // namespace berth::host
