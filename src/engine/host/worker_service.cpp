#include "engine/host/worker_service.h"

#include <fcntl.h>
#include <poll.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "berth/error.h"
#include "discover/host/usable.h"
#include "engine/host/connection.h"
#include "engine/host/end_process.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/llama/log_capture.h"
#include "engine/llama/worker_server.h"
#endif

namespace berth::host {
namespace {

/// One for the process: what ggml calls has no other way to it.
std::unique_ptr<Connection> to_front;
bool has_client = false;

/// A client may let ggml compute for long, and nobody waits for that once the front is gone.
void end_with_front() {
  pollfd watched{to_front->socket(), POLLRDHUP, 0};
  while (poll(&watched, 1, -1) < 0 || watched.revents == 0) {
  }
  end_process();
}

}  // namespace

bool is_worker_service() { return to_front != nullptr; }

int next_client() try {
  if (std::exchange(has_client, true)) end_process();
  to_front->send(Kind::done);
  const auto message = to_front->receive();
  if (!message || message->descriptor < 0) end_process();
  return fcntl(message->descriptor, F_DUPFD_CLOEXEC, 0);
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  end_process();
}

void serve_worker(const WorkerOptions& given, Descriptor front) {
  signal(SIGPIPE, SIG_IGN);  // a client that goes away in the middle of an answer is no crash
  to_front = std::make_unique<Connection>(std::move(front));
  std::thread(end_with_front).detach();
  auto options = given;
  if (options.n_threads == 0) options.n_threads = discovery::usable_cores();
#ifdef BERTH_WITH_LLAMA
  llama::LogCapture::print_errors();
  llama::serve_devices(options.devices, options.keys, options.n_threads, options.cache);
#else
  throw EngineError("", "", "this Berth was built without an engine, so that it has no worker");
#endif
}

}  // namespace berth::host
