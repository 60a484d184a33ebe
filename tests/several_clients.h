/// A worker that serves several clients at once, each by a process of its own, and that can be frozen.
#pragma once

#include <poll.h>
#include <sys/syscall.h>

#include <array>
#include <atomic>
#include <list>
#include <memory>

#include "real_worker.h"

namespace berth::test {

class SeveralClients {
 public:
  /// What becomes of the connections that come once somebody was told of a device's memory. To a process that loads a model, ggml's
  /// own is the first of them.
  enum class Next { served, closed, frozen, of_another_user };

  explicit SeveralClients(std::string program) : program_(std::move(program)), endpoint_(free_endpoint()) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    auto address = address_of(endpoint_);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 16) != 0)
      throw std::runtime_error("cannot listen at " + endpoint_);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~SeveralClients() {
    stop_ = true;
    accepting_.join();
    for (auto& each : relays_) each.join();
    close(listener_);
  }
  SeveralClients(const SeveralClients&) = delete;
  SeveralClients& operator=(const SeveralClients&) = delete;

  const std::string& endpoint() const { return endpoint_; }
  /// From here on it neither answers nor ends a connection, as under SIGSTOP.
  void freeze() { frozen_ = true; }
  void set_next(Next next) { next_ = next; }

 private:
  static sockaddr_in address_of(const std::string& endpoint) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.find(':') + 1))));
    return address;
  }

  void accept_all() {
    while (!stop_) {
      pollfd entry{listener_, POLLIN, 0};
      if (frozen_ || poll(&entry, 1, 10) <= 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      const int client = accept_as_wanted();
      if (client >= 0) relays_.emplace_back([this, client] { relay(client); });
    }
  }

  int accept_as_wanted() const {
    const bool is_strange = was_asked_ && next_ == Next::of_another_user;
    if (is_strange) syscall(SYS_setfsuid, 65534);  // of this thread alone
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (is_strange) syscall(SYS_setfsuid, geteuid());
    if (!was_asked_ || next_ != Next::closed) return client;
    close(client);
    return -1;
  }

  /// A free port may be another's before the worker listens at it, which ends that worker.
  std::unique_ptr<RealWorker> worker_for_client() const {
    for (int tries_left = 5;; --tries_left) {
      auto worker = std::make_unique<RealWorker>(program_);
      try {
        (void)worker->endpoint();
        return worker;
      } catch (const discovery::RpcError&) {
        if (tries_left == 0) throw;
      }
    }
  }

  void relay(int client) {
    const auto worker = worker_for_client();
    const int there = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = address_of(worker->endpoint());
    if (connect(there, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      bool asks = false;
      while (!stop_) {
        std::array<pollfd, 2> ends = {{{client, POLLIN, 0}, {there, POLLIN, 0}}};
        if (frozen_ || poll(ends.data(), ends.size(), 10) <= 0) {
          if (frozen_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
          continue;
        }
        if (ends[0].revents != 0 && !pass(client, there, &asks)) break;
        if (ends[1].revents == 0) continue;
        was_asked_ = was_asked_ || asks;
        if (asks && next_ == Next::frozen) freeze();  // with this answer
        if (!pass(there, client)) break;
      }
    }
    close(there);
    close(client);
  }

  /// `asks` where the bytes are ggml's question for the memory of a device.
  static bool pass(int from, int to, bool* asks = nullptr) {
    std::array<char, 65536> bytes;
    const auto got = recv(from, bytes.data(), bytes.size(), 0);
    if (asks != nullptr) *asks = got == 13 && bytes[0] == 11;
    for (ssize_t sent = 0; sent < got;) {
      const auto now = send(to, bytes.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (now <= 0) return false;
      sent += now;
    }
    return got > 0;
  }

  std::string program_;
  std::string endpoint_;
  int listener_ = -1;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> frozen_ = false;
  std::atomic<bool> was_asked_ = false;
  std::atomic<Next> next_ = Next::served;
  std::thread accepting_;
  std::list<std::thread> relays_;
};

}  // namespace berth::test
