#include "engine/host/worker_front.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "berth/error.h"
#include "discover/remote/rpc_endpoint.h"
#include "engine/host/greeting.h"
#include "engine/host/tensor_cache.h"
#include "engine/host/worker_service.h"
#include "net/sockets.h"

namespace berth::host {
namespace {

using process::Clock;

constexpr std::chrono::seconds time_for_devices{60};
constexpr std::size_t most_pending = 64;  // who have not shown yet that they are clients
/// Who leaves and comes again may be greeted before the process that served him is gone.
constexpr std::chrono::seconds time_for_a_place{1};

/// Not taken in: who is told so reads it before the connection is gone only where nothing that he sent is left unread.
void turn_away(int socket) {
  shutdown(socket, SHUT_WR);
  std::array<char, 4096> rest;
  const auto until = Clock::now() + std::chrono::milliseconds(500);
  for (int reads = 0; reads < 64 && Clock::now() < until; ++reads) {
    pollfd watched{socket, POLLIN, 0};
    if (poll(&watched, 1, 100) <= 0 || recv(socket, rest.data(), rest.size(), MSG_DONTWAIT) <= 0) return;
  }
}

Descriptor listener_at(const std::string& endpoint) try {
  const auto at = discovery::RpcEndpoint::parse(endpoint);
  return net::listen_at(at.host, at.port);
} catch (const std::system_error& problem) {
  throw EngineError("llama.cpp", "",
                    problem.code() == std::errc::address_in_use
                        ? fmt::format("something listens at {} already; take another port", endpoint)
                        : std::string(problem.what()));
}

}  // namespace

/// One of the places for clients, as long as it lives.
class WorkerFront::Place {
 public:
  explicit Place(WorkerFront& front) : front_(front) {
    std::unique_lock lock(front_.mutex_);
    const auto is_free = [this] { return front_.places_taken_ < front_.door_.connections; };
    taken_ =
        front_.place_left_.wait_for(lock, time_for_a_place, [&] { return front_.ending_ || is_free(); }) && is_free();
    if (taken_) ++front_.places_taken_;
  }
  ~Place() {
    const std::lock_guard lock(front_.mutex_);
    if (taken_) --front_.places_taken_;
    front_.place_left_.notify_one();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool taken() const { return taken_; }

 private:
  WorkerFront& front_;
  bool taken_ = false;
};

struct WorkerFront::Client {
  Descriptor socket;
  std::string name;
  std::string address = name.substr(0, name.rfind(':'));
  std::optional<Place> place = {};  // once he greeted
  std::unique_ptr<WorkerChild> child = {};
  std::atomic<bool> pending{true};     // until it is known whether he is a client
  std::atomic<bool> speaks{false};     // TLS
  std::atomic<bool> made_room{false};  // for others
  std::atomic<bool> over{false};
  std::thread thread = {};

  explicit Client(Descriptor connection) : socket(std::move(connection)), name(net::name_of_peer(socket)) {}
};

WorkerFront::WorkerFront(WorkerOptions options, WorkerDoor door, LogCallback log)
    : options_(std::move(options)), door_(std::move(door)), log_(std::move(log)) {
  if (options_.memory_bytes) memory_.emplace(options_.devices.size());
}

WorkerFront::~WorkerFront() { end_all(); }

void WorkerFront::run(const std::stop_token& stop, const std::function<void()>& on_ready) {
  const auto listener = listener_at(door_.listen);
  spare_ = new_child();
  const std::stop_callback end_start(stop, [this] {
    const std::lock_guard lock(mutex_);
    if (spare_) spare_->shut_down();
  });
  if (!spare_->is_ready_by(Clock::now() + time_for_devices) && !stop.stop_requested())
    throw EngineError("llama.cpp", "", fmt::format("no worker could be started: its process {}", spare_->end()));
  const std::stop_callback end_waiting(stop, [&] { shutdown(listener, SHUT_RDWR); });
  if (!stop.stop_requested()) on_ready();
  while (!stop.stop_requested()) accept_one(listener);
  end_all();
}

void WorkerFront::end_all() {
  log_.close();
  std::unique_ptr<WorkerChild> spare;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    place_left_.notify_all();
    spare = std::move(spare_);  // which the callbacks of run() may be about to shut down
    for (const auto& client : clients_) {
      shutdown(client.socket, SHUT_RDWR);
      if (client.child) client.child->shut_down();
    }
  }
  for (auto& client : clients_) client.thread.join();
  clients_.clear();
  spare.reset();
  if (!options_.cache.empty()) TensorCache::remove_what_was_left(options_.cache);
}

/// Whoever connects again and again keeps nobody else out: of those who have not begun to speak TLS, else of all, the oldest connection of the
/// address that has most of them is ended.
void WorkerFront::make_room_for_one() {
  std::vector<Client*> pending;
  for (auto& client : clients_)
    if (client.pending) pending.push_back(&client);
  if (pending.size() < most_pending) return;
  if (std::ranges::any_of(pending, [](const Client* each) { return !each->speaks; }))
    std::erase_if(pending, [](const Client* each) { return each->speaks.load(); });
  std::map<std::string, std::size_t> of_address;
  for (const auto* client : pending) ++of_address[client->address];
  const auto most = std::ranges::max_element(of_address, {}, [](const auto& each) { return each.second; })->first;
  auto& oldest = **std::ranges::find(pending, most, [](const Client* each) { return each->address; });
  oldest.pending = false;
  oldest.made_room = true;
  shutdown(oldest.socket, SHUT_RD);  // so that its end can be told there
}

void WorkerFront::end_frozen_children() {
  if (Clock::now() - looked_at_ < between_signs_of_life) return;
  looked_at_ = Clock::now();
  for (const auto& client : clients_)
    if (client.child) client.child->end_if_frozen();
}

void WorkerFront::accept_one(int listener) {
  pollfd watched{listener, POLLIN, 0};
  const int came = poll(&watched, 1, clients_.empty() ? -1 : static_cast<int>(between_signs_of_life.count()));
  Descriptor socket(came > 0 ? accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) : -1);
  const std::lock_guard lock(mutex_);
  end_frozen_children();
  clients_.remove_if([](Client& client) {
    if (!client.over) return false;
    client.thread.join();
    return true;
  });
  if (came <= 0) return;
  if (socket < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return;
  }
  make_room_for_one();
  if (clients_.size() >= static_cast<std::size_t>(places_taken_) + 2 * most_pending) return;
  auto& client = clients_.emplace_back(std::move(socket));
  client.thread = std::thread([this, &client] {
    serve(client);
    client.over = true;
  });
}

void WorkerFront::serve(Client& client) {
  try {
    net::set_for_messages(client.socket);
    door_.who == WorkerDoor::Who::key_holders ? serve_by_tls(client) : serve_plain(client);
  } catch (const net::TlsError& problem) {
    if (client.made_room || problem.kind == net::TlsError::Kind::keys) net::send_own_failure(client.socket);
    turn_away(client.socket);
    log_.warn_of_stranger(fmt::format("{} {}", client.name, problem.what()));
  } catch (const std::exception& problem) {
    log_.warn(fmt::format("{} could not be served: {}", client.name, problem.what()));
  }
  client.pending = false;
  client.place.reset();
  std::unique_ptr<WorkerChild> child;
  {
    const std::lock_guard lock(mutex_);
    child = std::move(client.child);
  }
  const auto how = child ? child->end() : std::string();
  if (child && !options_.cache.empty()) TensorCache::remove_what_was_left(options_.cache);
  if (!how.empty()) log_.warn(fmt::format("the process that served {} {}; others are not affected", client.name, how));
  const std::lock_guard lock(mutex_);
  client.socket.reset();
}

bool WorkerFront::greet(Client& client, int socket) {
  const auto greeting = greeting_of(socket, Clock::now() + door_.patience);
  if (!greeting.problem.empty()) {
    turn_away(socket);
    log_.warn_of_stranger(fmt::format("{} was turned away: it {}", client.name, greeting.problem));
    return false;
  }
  client.pending = false;
  if (greeting.only_asks) {
    answer_question(socket, identity_);
    return false;
  }
  client.place.emplace(*this);
  if (client.place->taken()) {
    give(client, socket);
    return true;
  }
  refuse(socket, fmt::format("takes no more clients: it has {}, as many as may be", door_.connections));
  turn_away(socket);
  log_.warn(fmt::format("{} was turned away: {} clients are here, as many as may be", client.name, door_.connections));
  return false;
}

void WorkerFront::serve_plain(Client& client) {
  if (door_.who == WorkerDoor::Who::this_user) {
    const auto user = net::user_of_peer(client.socket);
    if (user != geteuid()) {
      if (user)
        log_.warn_of_stranger(fmt::format("{} was turned away: it belongs to another user ({})", client.name, *user));
      return;
    }
  }
  if (greet(client, client.socket)) client.child->wait();
}

void WorkerFront::serve_by_tls(Client& client) {
  const auto deadline = Clock::now() + door_.patience;
  auto secured = net::TlsStream::of_worker(client.socket, door_.tls);
  secured.handshake(deadline, [&] { client.speaks = true; });
  client.name += fmt::format(" ('{}')", secured.peer());
  secured.send("ok\n", deadline);
  auto ends = Connection::pair();
  const std::jthread giving([&, far = std::move(ends.second)] {
    try {
      greet(client, far);
    } catch (const std::exception& problem) {
      log_.warn(fmt::format("{} could not be served: {}", client.name, problem.what()));
    }
  });
  const Descriptor near = std::move(ends.first);  // closed before that thread is waited for
  secured.relay(near);
}

std::unique_ptr<WorkerChild> WorkerFront::new_child() {
  return std::make_unique<WorkerChild>(options_, memory_ ? &*memory_ : nullptr);
}

void WorkerFront::give(Client& client, int socket) {
  const std::lock_guard lock(mutex_);
  if (ending_) throw std::runtime_error("the worker ends");
  if (spare_ && !spare_->has_ended() && spare_->hand(socket)) {
    client.child = std::move(spare_);
  } else {
    client.child = new_child();
    if (!client.child->hand(socket)) throw std::runtime_error("its process " + client.child->end());
  }
  spare_ = new_child();
}

}  // namespace berth::host
