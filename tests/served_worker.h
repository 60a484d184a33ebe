/// A worker of Berth's own on the CPU, for tests that are built with an engine.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/host/worker.h"
#include "net/key_folder.h"
#include "real_worker.h"
#include "test_model.h"

namespace berth::test {

/// Keys of their own, in a folder that programs find by the environment.
class TestKeys {
 public:
  TestKeys() : folder_(temporary_.path() / "keys") { folder_.init(); }

  net::KeyFolder& folder() { return folder_; }
  std::filesystem::path client() const { return temporary_.path() / "keys" / "client.pem"; }
  /// A key of a client, or what `options` say.
  std::filesystem::path add(const std::string& name, const net::KeyOptions& options = {}) {
    const auto file = temporary_.path() / (name + ".pem");
    folder_.add(name, file, options);
    return file;
  }

 private:
  TemporaryFolder temporary_;
  net::KeyFolder folder_;
};

/// While it lives, this process and those that it starts show themselves by this key.
class ShownKey {
 public:
  explicit ShownKey(const std::filesystem::path& file) { setenv("BERTH_WORKER_KEY", file.c_str(), 1); }
  ~ShownKey() { unsetenv("BERTH_WORKER_KEY"); }
  ShownKey(const ShownKey&) = delete;
  ShownKey& operator=(const ShownKey&) = delete;
};

inline Descriptor new_socket() { return Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

/// A connection to "127.0.0.1:PORT" that belongs to the user who made the socket.
inline Descriptor connected_to(const std::string& endpoint, Descriptor client = new_socket()) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(discovery::RpcEndpoint::parse(endpoint).port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return client;
}

/// Its front runs in this process.
class ServedWorker {
 public:
  explicit ServedWorker(host::WorkerDoor door = {}, host::WorkerOptions options = {.n_threads = 1})
      : door_(std::move(door)) {
    door_.listen = free_endpoint();
    thread_ = std::jthread([this, options = std::move(options)](const std::stop_token& stop) {
      const CallContext context(stop, [this](LogLevel, std::string_view what) { tell(std::string(what)); });
      host::run_worker(options, door_, context, [this] { tell("ready"); });
    });
    EXPECT_TRUE(told("ready"));
  }
  explicit ServedWorker(TestKeys& keys, host::WorkerDoor door = {})
      : ServedWorker([&] {
          door.who = host::WorkerDoor::Who::key_holders;
          door.tls = keys.folder().for_worker();
          return door;
        }()) {}

  std::string endpoint() const {
    return (door_.who == host::WorkerDoor::Who::key_holders ? "tls://" : "") + door_.listen;
  }

  /// Waits until its log has a line with that text.
  bool told(const std::string& text) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, std::chrono::seconds(30), [&] { return log_.find(text) != std::string::npos; });
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  /// A plain connection to its port.
  Descriptor connect() const { return connected_to(door_.listen); }

 private:
  void tell(const std::string& what) {
    const std::lock_guard lock(mutex_);
    log_ += what + "\n";
    came_.notify_all();
  }

  host::WorkerDoor door_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::string log_;
  std::jthread thread_;
};

/// Whether a client is served. On a busy machine one handshake may take longer than the patience of a test.
inline bool serves(const ServedWorker& worker) {
  for (int tries = 0; tries < 20; ++tries) try {
      return discovery::RpcWorker(worker.endpoint(), std::chrono::seconds(20)).devices().size() == 1;
    } catch (const discovery::RpcError&) {
    }
  return false;
}

/// All that comes until the other end closes.
inline std::string all_from(int socket) {
  std::string all;
  char bytes[4096];
  for (ssize_t got = 0; (got = recv(socket, bytes, sizeof bytes, 0)) > 0;)
    all.append(bytes, static_cast<std::size_t>(got));
  return all;
}

}  // namespace berth::test
