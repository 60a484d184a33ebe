#include "discover/remote/worker_tunnel.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include "discover/remote/rpc_endpoint.h"
#include "discover/remote/worker_link.h"
#include "net/sockets.h"

namespace berth::discovery {
namespace {
constexpr std::chrono::seconds time_to_connect{5};
}  // namespace

struct WorkerTunnel::Passage {
  Descriptor client;
  std::unique_ptr<WorkerLink> link = {};  // once there is one
  std::atomic<bool> over{false};
  std::thread thread = {};

  explicit Passage(Descriptor socket) : client(std::move(socket)) {}
};

WorkerTunnel::WorkerTunnel(std::string worker, net::TlsKeys keys)
    : worker_(std::move(worker)), keys_(std::move(keys)), listener_(net::listen_at("127.0.0.1", 0)) {
  RpcEndpoint::parse(worker_);  // which says what is wrong with it
  endpoint_ = fmt::format("127.0.0.1:{}", net::port_of(listener_));
  accepting_ = std::thread([this] { accept_all(); });
}

WorkerTunnel::~WorkerTunnel() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& passage : passages_) {
      shutdown(passage.client, SHUT_RDWR);
      if (passage.link) passage.link->shut_down();
    }
  }
  shutdown(listener_, SHUT_RDWR);  // which ends the wait for the next one
  accepting_.join();
  for (auto& passage : passages_) passage.thread.join();
}

void WorkerTunnel::accept_all() {
  for (;;) {
    Descriptor client(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    passages_.remove_if([](Passage& passage) {
      if (!passage.over) return false;
      passage.thread.join();
      return true;
    });
    if (client < 0) {
      if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    net::set_for_messages(client);
    auto& passage = passages_.emplace_back(std::move(client));
    passage.thread = std::thread([this, &passage] {
      pass(passage);
      shutdown(passage.client, SHUT_RDWR);
      passage.over = true;
    });
  }
}

void WorkerTunnel::pass(Passage& passage) {
  if (net::user_of_peer(passage.client) != geteuid()) return;
  try {
    auto link = std::make_unique<WorkerLink>(worker_, keys_, time_to_connect);
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      passage.link = std::move(link);
    }
    passage.link->relay(passage.client);
  } catch (const std::exception&) {  // the client sees that the connection is closed, and asks RpcWorker for the reason
  }
  if (passage.link) passage.link->shut_down();
}

}  // namespace berth::discovery
