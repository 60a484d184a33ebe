/// What comes to a worker from those who have a key and mean harm, or whose connection is broken: the worker lives and serves others.
/// BERTH_TEST_ROUNDS says how often (5), BERTH_TEST_SEED where the dice begin.
#include <gmock/gmock.h>
#include <poll.h>

#include <array>
#include <iostream>
#include <random>

#include "discover/remote/worker_tunnel.h"
#include "engine/cut_answer.h"
#include "net/tls.h"
#include "raw_client.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth::test {
namespace {

using discovery::RpcWorker;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// The dice of one test, which says how they began.
class Dice {
 public:
  Dice() {
    const auto begin = number_of("BERTH_TEST_SEED", static_cast<int>(std::random_device{}() % 100'000));
    std::cout << "BERTH_TEST_SEED=" << begin << '\n';
    random_.seed(static_cast<unsigned>(begin));
  }
  std::size_t below(std::size_t count) { return random_() % count; }
  template <class T, std::size_t N>
  T one_of(const std::array<T, N>& all) {
    return all[below(N)];
  }
  std::string bytes(std::size_t count) {
    std::string all;
    while (all.size() < count) all += static_cast<char>(random_());
    return all;
  }

 private:
  std::mt19937 random_;
};

int rounds() { return number_of("BERTH_TEST_ROUNDS", 5); }

/// None that a machine may really have: ggml fills with zeros what it is told will come.
constexpr std::array<std::uint64_t, 7> absurd_sizes = {
    0, 1, 1 << 16, std::uint64_t{1} << 47, std::uint64_t{1} << 62, std::uint64_t{1} << 63, UINT64_MAX};

/// A tensor as ggml sends it, in `buffer`, whose numbers make no sense.
std::string absurd_tensor(Dice& dice, std::uint64_t buffer) {
  constexpr std::size_t whole = 296;
  const auto number = [&] { return static_cast<std::uint32_t>(dice.one_of(absurd_sizes)); };
  auto tensor =
      raw_bytes(std::uint64_t{1}, static_cast<std::uint32_t>(dice.below(45)), buffer, number(), number(), number(),
                number(), number(), number(), number(), number(), static_cast<std::uint32_t>(dice.below(100)));
  return tensor + dice.bytes(whole - tensor.size());
}

/// One request, valid but for what it asks, or for how long it says that it is.
std::string attack(Dice& dice, std::uint64_t buffer) {
  const auto size = dice.one_of(absurd_sizes);
  switch (dice.below(8)) {
    case 0:
      return rpc_request(0, raw_bytes(static_cast<std::uint32_t>(dice.below(3)), size));
    case 1:  // set_tensor
      return rpc_request(6, absurd_tensor(dice, buffer) + raw_bytes(std::uint8_t{0}, size) + dice.bytes(64));
    case 2:  // get_tensor
      return rpc_request(8, absurd_tensor(dice, buffer) + raw_bytes(dice.one_of(absurd_sizes), size));
    case 3:  // copy_tensor
      return rpc_request(9, absurd_tensor(dice, buffer) + absurd_tensor(dice, buffer));
    case 4:  // graph_compute
      return rpc_request(10, raw_bytes(std::uint32_t{0}, std::uint32_t{1}, std::uint64_t{1}, std::uint32_t{1}) +
                                 absurd_tensor(dice, buffer));
    case 5:
      return rpc_request(10, raw_bytes(std::uint32_t{0}, static_cast<std::uint32_t>(size)) + dice.bytes(64));
    case 6:
      return raw_bytes(static_cast<std::uint8_t>(dice.below(24)), size) + dice.bytes(64);
    default:
      return rpc_request(static_cast<std::uint8_t>(dice.below(24)), dice.bytes(dice.below(400)));
  }
}

TEST(WorkerAttacks, BySomebodyWithAKeyCostAProcessAtMost) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  ServedWorker worker(keys);
  const discovery::WorkerTunnel tunnel(worker.endpoint(), net::TlsKeys::bundle(keys.client()));
  RpcWorker other(worker.endpoint(), 300s);
  Dice dice;
  for (int round = 0; round < 2 * rounds(); ++round) {
    RawClient client(connected_to(tunnel.endpoint()));
    const auto buffer = client.allocate(4096);
    EXPECT_NE(buffer, 0U);
    for (int i = 0; i < 4; ++i) client.send(attack(dice, buffer));
    shutdown(client.socket(), SHUT_WR);
    all_from(client.socket());  // until the process is done with it
  }
  EXPECT_TRUE(serves(worker));
  EXPECT_EQ(other.devices().size(), 1U) << "others are not affected";
}

/// Hands on what a client says to a worker, until `where` bytes went, of which the last one is changed, or there is an end.
void hand_on(int client, int worker, std::size_t where, bool changed) {
  std::array<char, 4096> bytes;
  std::size_t passed = 0;
  for (;;) {
    std::array<pollfd, 2> watched = {{{client, POLLIN, 0}, {worker, POLLIN, 0}}};
    if (poll(watched.data(), watched.size(), 3000) <= 0) return;
    for (const int from : {client, worker}) {
      const auto got = recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got == 0) return;
      if (got < 0) continue;
      auto size = static_cast<std::size_t>(got);
      if (from == client && passed < where && passed + size >= where) {
        if (changed)
          bytes[where - passed - 1] = static_cast<char>(~bytes[where - passed - 1]);
        else
          size = where - passed;
      }
      if (from == client) passed += size;
      if (send(from == client ? worker : client, bytes.data(), size, MSG_NOSIGNAL) < 0) return;
      if (from == client && passed >= where && !changed) return;
    }
  }
}

/// Greets and asks over a connection that is cut, or whose bytes change on the way.
void ask_over_broken_tls(const ServedWorker& worker, const net::TlsKeys& key, std::size_t where, bool changed) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Descriptor near(ends[0]);
  Descriptor far(ends[1]);
  auto there = worker.connect();
  std::jthread between([&] {
    hand_on(far, there, where, changed);
    far.reset();
    there.reset();
  });
  try {
    auto stream = net::TlsStream::of_client(near, key, "localhost");
    const auto deadline = std::chrono::steady_clock::now() + 2s;
    stream.handshake(deadline);
    stream.receive_line(deadline);
    stream.send(rpc_greeting() + rpc_request(15, ""), deadline);
    stream.receive_line(std::chrono::steady_clock::now() + 200ms);  // which it is not
  } catch (const net::TlsError&) {
  }
  shutdown(near, SHUT_RDWR);
}

TEST(WorkerAttacks, ByTlsThatIsCutOrChangedAnywhereCostNobodyElse) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  ServedWorker worker(keys, {.patience = 500ms});
  const auto key = net::TlsKeys::bundle(keys.client());
  Dice dice;
  for (int round = 0; round < 4 * rounds(); ++round)
    ask_over_broken_tls(worker, key, 1 + dice.below(2000), dice.below(2) == 0);
  EXPECT_TRUE(serves(worker));
}

}  // namespace
}  // namespace berth::test
#endif
