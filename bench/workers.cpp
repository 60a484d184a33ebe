/// What workers cost that let no stranger in: tokens per second over workers of ggml's own RPC, of `berth worker`, and of `berth
/// worker` by TLS, in alternating rounds on loopback.
///
///     workers smollm2 [ROUNDS [WORKERS]]
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "berth/berth.h"
#include "discover/remote/rpc_worker.h"
#include "engine/host/worker.h"
#include "net/key_folder.h"
#include "real_worker.h"

namespace {

using namespace berth;
using steady_clock = std::chrono::steady_clock;

/// One thread for each, as rpc_test_worker has.
class BerthWorker {
 public:
  explicit BerthWorker(host::WorkerDoor door) : door_(std::move(door)) {
    door_.listen = test::free_endpoint();
    std::latch ready(1);
    thread_ = std::jthread([&, this](const std::stop_token& stop) {
      const CallContext context(stop, [](LogLevel, std::string_view what) { fmt::print(stderr, "{}\n", what); });
      host::run_worker({.n_threads = 1}, door_, context, [&] { ready.count_down(); });
    });
    ready.wait();
  }
  std::string endpoint() const {
    return (door_.who == host::WorkerDoor::Who::key_holders ? "tls://" : "") + door_.listen;
  }

 private:
  host::WorkerDoor door_;
  std::jthread thread_;
};

/// A folder for keys, removed at the end.
class KeyHome {
 public:
  KeyHome() {
    std::string name = (std::filesystem::temp_directory_path() / "berth-workers-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~KeyHome() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  KeyHome(const KeyHome&) = delete;
  KeyHome& operator=(const KeyHome&) = delete;

  std::filesystem::path keys() const { return path_ / "keys"; }

 private:
  std::filesystem::path path_;
};

struct Kind {
  const char* name;
  std::vector<std::string> endpoints = {};
  std::vector<double> tokens_per_s = {};
  std::vector<double> prompt_tokens_per_s = {};
  std::vector<double> load_ms = {};
  double round_trip_us = 1e9;  // the least
  double bytes_per_s = 0;      // the most
};

double ms_since(steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - start).count();
}

/// All layers on the workers, in equal parts.
LoadRequest request_for(const std::string& path, int layers, const std::vector<std::string>& endpoints) {
  LoadRequest request{.model = path, .context = ContextSpec{.n_ctx = 1024}};
  Placement placement;
  const int count = static_cast<int>(endpoints.size());
  for (int i = 0; i < count; ++i) {
    const Device device(DeviceType::rpc, i);
    request.keys.set(device.str(), {.endpoint = endpoints[static_cast<std::size_t>(i)]});
    placement.layers.push_back({layers * i / count, layers * (i + 1) / count - layers * i / count, device});
    placement.output = device;
  }
  request.device = Device(DeviceType::rpc, 0);
  if (count > 1) request.placement = std::move(placement);
  return request;
}

void measure_once(const std::string& path, int layers, Kind& kind) {
  const auto start = steady_clock::now();
  const auto model = engine("llama.cpp").load(request_for(path, layers, kind.endpoints));
  kind.load_ms.push_back(ms_since(start));
  const auto session = model->new_session();
  session->generate({.prompts = {"Once upon a time"}, .options = {.max_new_tokens = 8}});
  const auto begin = steady_clock::now();
  const auto result = session->generate({.prompts = {"Once upon a time"}, .options = {.max_new_tokens = 97}});
  kind.tokens_per_s.push_back(1000 * static_cast<double>(result.completions[0].generated_tokens) / ms_since(begin));
  std::string text;
  for (int i = 0; i < 60; ++i) text += "One, two, three, four, five. ";
  const auto prompt = steady_clock::now();
  const auto answer = session->generate({.prompts = {text}, .options = {.max_new_tokens = 1}});
  kind.prompt_tokens_per_s.push_back(1000 * static_cast<double>(answer.completions[0].prompt_tokens) /
                                     ms_since(prompt));
}

/// What the way to a worker can do where nothing else keeps the processors.
void measure_link(Kind& kind) {
  discovery::RpcWorker worker(kind.endpoints[0], std::chrono::seconds(60));
  for (int i = 0; i < 30; ++i) kind.round_trip_us = std::min(kind.round_trip_us, worker.round_trip_us());
  kind.bytes_per_s = std::max(kind.bytes_per_s, worker.bytes_per_s(0, 64 << 20));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::string told(const std::vector<double>& values) {
  return fmt::format("{:.1f} ({:.1f} to {:.1f})", median(values), std::ranges::min(values), std::ranges::max(values));
}

int run(const std::string& path, int rounds, int count) {
  const KeyHome home;
  const net::KeyFolder keys(home.keys());
  keys.init();
  setenv("BERTH_WORKER_KEY", (home.keys() / "client.pem").c_str(), 1);
  const int layers = static_cast<int>(read_model(path).layers.size());
  std::vector<Kind> kinds = {{"ggml's own RPC"}, {"berth worker"}, {"berth worker, TLS"}};
  std::vector<std::unique_ptr<test::RealWorker>> plain;
  std::vector<std::unique_ptr<BerthWorker>> own;
  for (int i = 0; i < count; ++i) {
    plain.push_back(std::make_unique<test::RealWorker>(BERTH_TEST_RPC_WORKER));
    kinds[0].endpoints.push_back(plain.back()->endpoint());
    own.push_back(std::make_unique<BerthWorker>(host::WorkerDoor{}));
    kinds[1].endpoints.push_back(own.back()->endpoint());
    own.push_back(std::make_unique<BerthWorker>(
        host::WorkerDoor{.who = host::WorkerDoor::Who::key_holders, .tls = keys.for_worker()}));
    kinds[2].endpoints.push_back(own.back()->endpoint());
  }
  for (int round = 0; round < rounds; ++round)
    for (auto& kind : kinds) {
      for (int i = 0; i < 3; ++i) measure_link(kind);
      measure_once(path, layers, kind);
    }
  fmt::print("{} workers, medians of {} rounds (least to most)\n{:<20}{:<26}{:<26}{:<30}{:<17}{:<15}{}\n", count,
             rounds, "", "tokens/s", "tokens/s of a prompt", "load, ms", "round trip, us", "bytes/s",
             "of ggml's speed");
  for (const auto& kind : kinds)
    fmt::print("{:<20}{:<26}{:<26}{:<30}{:<17.1f}{:<15.3g}{:.3f}\n", kind.name, told(kind.tokens_per_s),
               told(kind.prompt_tokens_per_s), told(kind.load_ms), kind.round_trip_us, kind.bytes_per_s,
               median(kind.tokens_per_s) / median(kinds[0].tokens_per_s));
  return 0;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 2) {
    fmt::print(stderr, "workers MODEL [ROUNDS [WORKERS]]\n");
    return 2;
  }
  const auto number = [&](int at, int otherwise) {
    return count > at ? std::max(std::atoi(arguments[at]), 1) : otherwise;
  };
  const auto model = locate_model(arguments[1], ModelSearch::from_environment());
  return run(model.string(), number(2, 5), number(3, 2));
} catch (const std::exception& problem) {
  fmt::print(stderr, "{}\n", problem.what());
  return 1;
}
