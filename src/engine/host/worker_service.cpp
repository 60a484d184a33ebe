#include "engine/host/worker_service.h"

#include <fcntl.h>
#include <poll.h>

#include <atomic>
#include <chrono>
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
#include "engine/host/tensor_cache.h"
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
std::optional<TensorCache> tensor_cache;

using Clock = std::chrono::steady_clock;
constexpr std::chrono::minutes idle_time_without_buffers{10};
std::chrono::seconds idle_time{0};           // none
std::atomic<Clock::duration> waits_since{};  // for the client to ask; zero: it is being served
std::atomic<bool> client_has_buffers{false};

/// A client that asks for nothing and holds nothing takes a place from others; one that holds a model may be about to go on.
void end_if_client_is_idle() {
  const auto since = waits_since.load();
  const auto most = idle_time.count() > 0 ? Clock::duration(idle_time)
                    : client_has_buffers  ? Clock::duration::max()
                                          : Clock::duration(idle_time_without_buffers);
  if (since == Clock::duration::zero() || Clock::now().time_since_epoch() - since < most) return;
  std::fprintf(stderr, "its client asked for nothing for %jd s\n",
               std::intmax_t{std::chrono::duration_cast<std::chrono::seconds>(most).count()});
  end_process();
}

/// A client may let ggml compute for long. The front hears meanwhile that this process is not frozen, and nobody waits for it once
/// the front is gone.
void stay_with_front() try {
  pollfd watched{to_front->socket(), POLLRDHUP, 0};
  for (;;) {
    const int found = poll(&watched, 1, static_cast<int>(between_signs_of_life.count()));
    if (found > 0) break;
    if (found != 0 || client < 0) continue;
    to_front->send(Kind::progress);
    end_if_client_is_idle();
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
/// What is wrong with a folder costs time only: weights are sent again.
void open_cache(const WorkerOptions& options) {
  const auto tell = [](const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); };
  try {
    tensor_cache.emplace(options.cache, options.cache_bytes, tell);
  } catch (const std::exception& problem) {
    tell(problem.what());
  }
}
#endif

}  // namespace

bool is_worker_service() { return to_front != nullptr; }

int next_client() try {
  if (std::exchange(was_asked_for_client, true)) {
    if (tensor_cache) tensor_cache->keep_new();
    end_process();
  }
  to_front->send(Kind::done);
  const auto message = to_front->receive();
  if (!message || message->descriptor < 0) end_process();
  return client = fcntl(message->descriptor, F_DUPFD_CLOEXEC, 0);
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  end_process();
}

bool is_client(int socket) { return socket == client; }

void await_request() { waits_since = Clock::now().time_since_epoch(); }

bool may_be_read(std::string_view bytes) {
  waits_since = Clock::duration::zero();
#ifdef BERTH_WITH_LLAMA
  if (tensor_cache && request_sizes.is_between_requests()) tensor_cache->keep_new();
  const auto most = llama::longest_request();
  const auto too_long = request_sizes.too_long(bytes, most);
  client_has_buffers = request_sizes.holds_buffers();
  const auto asked = request_sizes.take_asked_tensor();
  if (tensor_cache && asked) tensor_cache->offer(*asked);
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
  idle_time = std::chrono::seconds(options.idle_s);
#ifdef BERTH_WITH_LLAMA
  llama::LogCapture::print_errors();
  if (!options.cache.empty()) open_cache(options);
  llama::serve_devices(options.devices, options.keys, options.n_threads,
                       tensor_cache ? tensor_cache->folder_of_server().string() : std::string(),
                       limit_from_front(options));
#else
  throw EngineError("", "", "this Berth was built without an engine, so that it has no worker");
#endif
}

}  // namespace berth::host
