/// Berth's own worker: who is let in, what it costs others when one client makes no sense, and what runs on it.
#include <gmock/gmock.h>

#include <chrono>
#include <cstring>
#include <optional>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/resolve.h"
#include "as_nobody.h"
#include "discover/probes.h"
#include "discover/remote/worker_tunnel.h"
#include "net/sockets.h"
#include "refusal.h"
#include "served_worker.h"
#include "several_clients.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth::test {
namespace {

using discovery::RpcError;
using discovery::RpcWorker;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

std::string refusal_at(const std::string& endpoint) {
  return refusal<RpcError>([&] { RpcWorker worker(endpoint, 20s); });
}

/// "was accepted", or why not after a time in which whoever is gone has left his place.
std::string refusal_in_the_end(const std::string& endpoint) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  auto refusal = refusal_at(endpoint);
  while (refusal != "was accepted" && std::chrono::steady_clock::now() < end) refusal = refusal_at(endpoint);
  return refusal;
}

/// A greeting, and after it a command with a body that is said to be that long.
std::string rpc_bytes(char command, std::uint64_t size) {
  std::string bytes(33, '\0');
  bytes[0] = 14;
  bytes[1] = 24;
  bytes += command;
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  return bytes + std::string(64, '\x7f');
}

TEST(WorkerFront, ServesSeveralClientsAtOnceAndAnswersAProbeMeanwhile) {
  const ServedWorker worker;
  RpcWorker first(worker.endpoint(), 20s);
  RpcWorker second(worker.endpoint(), 20s);
  EXPECT_TRUE(serves(worker));
  EXPECT_EQ(first.devices().size(), 1U);
  EXPECT_EQ(second.devices().size(), 1U);
}

TEST(WorkerFront, TakesNoMoreClientsThanItMayAndServesTheNextWhenOneIsGone) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  for (const bool by_tls : {false, true}) {
    ServedWorker worker = by_tls ? ServedWorker(keys, {.connections = 1}) : ServedWorker({.connections = 1});
    std::optional<RpcWorker> only(std::in_place, worker.endpoint(), 20s);
    EXPECT_THAT(refusal_at(worker.endpoint()), HasSubstr("takes no more clients: it has 1"));
    EXPECT_TRUE(worker.told("1 clients are here, as many as may be"));
    EXPECT_NO_THROW(RpcWorker::ask_front(worker.endpoint(), 20s)) << "who only asks takes no place";
    only.reset();
    for (int each = 0; each < 5; ++each) EXPECT_EQ(refusal_in_the_end(worker.endpoint()), "was accepted") << each;
  }
}

TEST(WorkerFront, ServesWhoHasAKeyWhileOthersDoNotGoOn) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  ServedWorker worker(keys, {.patience = 60s});
  std::vector<Descriptor> silent;
  for (int i = 0; i < 80; ++i) {
    silent.push_back(worker.connect());
    EXPECT_EQ(send(silent.back(), "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);
  }
  EXPECT_TRUE(serves(worker));
  EXPECT_EQ(all_from(silent.front()).substr(0, 1), "\x15") << "an alert of TLS";
}

TEST(WorkerFront, EndsAClientThatAsksForNothing) {
  ServedWorker worker({.connections = 1}, {.n_threads = 1, .idle_s = 1});
  RpcWorker idle(worker.endpoint(), 20s);
  EXPECT_TRUE(worker.told("its client asked for nothing for 1 s"));
  EXPECT_THROW(idle.devices(), RpcError);
  EXPECT_TRUE(serves(worker));
}

TEST(WorkerFront, LosesOneProcessOnlyWhereAClientMakesNoSense) {
  ServedWorker worker;
  RpcWorker other(worker.endpoint(), 60s);
  const std::uint64_t absurd = std::uint64_t{1} << 62;
  for (const char command : {'\x00', '\x06', '\x0a', '\x63'}) {  // memory, a tensor, a graph, and none
    const auto client = worker.connect();
    const auto bytes = rpc_bytes(command, absurd);
    ASSERT_EQ(send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    EXPECT_LE(all_from(client).size(), 36U) << "no more than the answer to the greeting";
  }
  EXPECT_TRUE(worker.told("the process that served 127.0.0.1:"));
  EXPECT_TRUE(serves(worker));
  EXPECT_EQ(other.devices().size(), 1U) << "others are not affected";
}

TEST(WorkerFront, EndsAConnectionThatDoesNotGreetInTime) {
  ServedWorker worker({.patience = 50ms});
  for (const auto& bytes : {std::string(), std::string("\x0e"), rpc_bytes(0, 0).substr(0, 32)}) {
    const auto client = worker.connect();
    (void)!send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    EXPECT_EQ(all_from(client), "");
  }
  EXPECT_TRUE(worker.told("did not greet in time"));
}

/// What is answered to a client of a user who is nobody.
std::string answer_to_nobody(const std::string& endpoint) {
  auto socket = [] {
    const AsNobody nobody;
    return new_socket();
  }();
  const auto client = connected_to(endpoint, std::move(socket));
  const auto bytes = rpc_bytes(15, 0);
  (void)!send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return all_from(client);
}

TEST(WorkerFront, LetsNoOtherUserIn) {
  if (getuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  ServedWorker worker;
  EXPECT_EQ(answer_to_nobody(worker.endpoint()), "");
  EXPECT_TRUE(worker.told("belongs to another user (65534)"));
  EXPECT_TRUE(serves(worker));
  const ServedWorker open({.who = host::WorkerDoor::Who::this_machine});
  EXPECT_GT(answer_to_nobody(open.endpoint()).size(), 36U) << "the answers to greeting and question";
}

TEST(WorkerFront, IsReachedThroughATunnelByItsOwnUserAlone) {
  TestKeys keys;
  const ServedWorker worker(keys);
  std::optional<RpcWorker> last;
  {
    const discovery::WorkerTunnel tunnel(worker.endpoint(), net::TlsKeys::bundle(keys.client()));
    EXPECT_EQ(RpcWorker(tunnel.endpoint(), 20s).devices().size(), 1U);
    last.emplace(tunnel.endpoint(), 20s);
    if (getuid() == 0) {
      EXPECT_EQ(answer_to_nobody(tunnel.endpoint()), "");
    }
  }
  EXPECT_THROW(last->devices(), RpcError) << "it ends with the tunnel";
  EXPECT_THROW(discovery::WorkerTunnel("nonsense", {}), std::invalid_argument);
}

TEST(WorkerFront, IsReachedThroughAPlainTunnelToo) {
  const ServedWorker worker;
  const discovery::WorkerTunnel tunnel(worker.endpoint(), {});
  RpcWorker through(tunnel.endpoint(), 20s);
  EXPECT_EQ(through.devices().size(), 1U);
  EXPECT_GT(through.bytes_per_s(0, 8 << 20), 0) << "more than a lane holds";
}

TEST(WorkerFront, OfAStrangerGetsNothingThroughATunnelButAGreeting) {
  if (getuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  SeveralClients worker(BERTH_TEST_RPC_WORKER);
  const discovery::WorkerTunnel tunnel(worker.endpoint(), {});
  EXPECT_EQ(RpcWorker(tunnel.endpoint(), 20s).devices().size(), 1U);
  worker.set_next(SeveralClients::Next::of_another_user);
  EXPECT_THROW(RpcWorker(tunnel.endpoint(), 20s), RpcError);
}

/// One more address of what listens at `endpoint`.
class SecondAddress {
 public:
  explicit SecondAddress(const std::string& endpoint)
      : listener_(net::listen_at("127.0.0.1", 0)), thread_([this, endpoint] {
          for (;;) {
            const Descriptor client(accept(listener_, nullptr, nullptr));
            if (client < 0) return;
            net::relay(client, connected_to(endpoint), [] { return true; });
          }
        }) {}
  ~SecondAddress() { shutdown(listener_, SHUT_RDWR); }

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(net::port_of(listener_)); }

 private:
  Descriptor listener_;
  std::jthread thread_;
};

TEST(WorkerFront, IsOneWorkerAtTwoAddresses) {
  const ServedWorker worker;
  const ServedWorker other;
  const SecondAddress second_address(worker.endpoint());
  discovery::Machine machine;
  machine.probe_timeout = 20s;
  machine.rpc_endpoints = {worker.endpoint(), second_address.endpoint(), other.endpoint()};
  const auto found = discovery::probe_rpc(machine);
  ASSERT_EQ(found.devices.size(), 2U);
  EXPECT_EQ(found.devices[1].remote->endpoint, other.endpoint());
  EXPECT_EQ(found.devices[0].pool, found.devices[1].pool);
  EXPECT_THAT(found.report.notes, ElementsAre(second_address.endpoint() + " is the same worker as " +
                                              worker.endpoint() + ", which counts once."));
}

TEST(WorkerFront, LetsNobodyInWithoutAKeyOfItsOwnCa) {
  TestKeys keys;
  TestKeys others;
  ServedWorker worker(keys);
  const auto shown = [&](const std::filesystem::path& key) {
    const ShownKey it(key);
    return refusal_at(worker.endpoint());
  };
  EXPECT_EQ(shown(keys.client()), "was accepted");
  EXPECT_THAT(shown("/nonesuch.pem"), AllOf(HasSubstr("/nonesuch.pem cannot be read"), HasSubstr("BERTH_WORKER_KEY")));
  EXPECT_THAT(shown(others.client()),
              AllOf(HasSubstr(worker.endpoint()), HasSubstr("the CA in"), HasSubstr("did not sign")));
  EXPECT_THAT(shown(keys.add("old", {.days = -2})), HasSubstr("it has expired"));
  EXPECT_TRUE(worker.told("has a certificate ('old') that expired on"));
  EXPECT_THAT(shown(keys.add("worker-2", {.use = net::KeyUse::worker})), HasSubstr("it is not that of a client"));
  const auto laptop = keys.add("laptop");
  EXPECT_EQ(shown(laptop), "was accepted");
  keys.folder().revoke("laptop");
  EXPECT_THAT(shown(laptop), HasSubstr("it was revoked"));
  EXPECT_EQ(shown(keys.client()), "was accepted");
}

TEST(WorkerFront, IsRefusedWithAKeyThatWasRevokedByWhoKnows) {
  TestKeys keys;
  const auto second = keys.add("second", {.use = net::KeyUse::worker});
  const auto laptop = keys.add("laptop");
  const ServedWorker worker({.who = host::WorkerDoor::Who::key_holders, .tls = net::TlsKeys::bundle(second)});
  const auto shown = [&](const std::filesystem::path& key) {
    const ShownKey it(key);
    return refusal_at(worker.endpoint());
  };
  EXPECT_EQ(shown(laptop), "was accepted");
  EXPECT_EQ(keys.folder().revoke("second"), net::KeyUse::worker);
  EXPECT_THAT(shown(keys.client()), HasSubstr("has a certificate ('second') that was revoked"));
  EXPECT_EQ(shown(laptop), "was accepted") << "its list is older";
  EXPECT_THAT(shown(keys.add("desk")), HasSubstr("was revoked")) << "a new key brings the list";
  std::filesystem::copy_file(keys.folder().revoked_file(), laptop.parent_path() / "revoked.pem");
  EXPECT_THAT(shown(laptop), HasSubstr("was revoked"));
}

TEST(WorkerFront, SaysThatItsOwnKeysAreOfNoUse) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  ServedWorker worker(keys);
  std::filesystem::remove(keys.folder().revoked_file());
  EXPECT_THAT(refusal_at(worker.endpoint()), HasSubstr("its own keys are of no use"));
  EXPECT_TRUE(worker.told("revoked.pem"));
}

TEST(WorkerFront, IsTakenForAWorkerOnlyWithTheCertificateOfOne) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  const auto with = [&](const std::filesystem::path& bundle) {
    host::WorkerDoor door{.who = host::WorkerDoor::Who::key_holders, .tls = net::TlsKeys::bundle(bundle)};
    ServedWorker worker(door);
    return refusal_at(worker.endpoint());
  };
  EXPECT_THAT(refusal<net::TlsError>([&] {
                host::run_worker(
                    {}, {.who = host::WorkerDoor::Who::key_holders, .tls = net::TlsKeys::bundle(keys.client())}, {},
                    [] {});
              }),
              HasSubstr("no certificate for a worker"));
  EXPECT_EQ(with(keys.add("here", {.use = net::KeyUse::worker, .hosts = {"localhost", "127.0.0.1"}})), "was accepted");
  EXPECT_THAT(with(keys.add("there", {.use = net::KeyUse::worker, .hosts = {"gpu-box", "10.0.0.5"}})),
              HasSubstr("is for other hosts than 127.0.0.1"));
}

TEST(WorkerFront, TellsPlainFromTls) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  const ServedWorker plain;
  const ServedWorker secured(keys);
  EXPECT_THAT(refusal_at("tls://" + plain.endpoint()),
              HasSubstr("does not speak TLS: a plain worker is named HOST:PORT"));
  EXPECT_THAT(refusal_at(secured.endpoint().substr(6)), HasSubstr("tls://"));
}

/// The first bytes that a client with a key sends.
std::string hello_of_tls(const std::filesystem::path& key) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Descriptor near(ends[0]);
  const Descriptor far(ends[1]);
  auto stream = net::TlsStream::of_client(near, net::TlsKeys::bundle(key), "localhost");
  EXPECT_THROW(stream.handshake(std::chrono::steady_clock::now() + 10ms), net::TlsError);
  shutdown(near, SHUT_RDWR);
  return all_from(far);
}

TEST(WorkerFront, OutlivesBytesOfTlsThatAreCutOrChangedAnywhere) {
  TestKeys keys;
  const ShownKey shown(keys.client());
  ServedWorker worker(keys, {.patience = 200ms});
  const auto hello = hello_of_tls(keys.client());
  ASSERT_GT(hello.size(), 100U);
  std::vector<std::string> attacks = {"GET / HTTP/1.1\r\n\r\n", rpc_bytes(15, 0), std::string(70'000, '\x16'), ""};
  for (std::size_t cut = 1; cut < hello.size(); cut += hello.size() / 12) {
    attacks.push_back(hello.substr(0, cut));
    auto changed = hello;
    changed[cut] = static_cast<char>(~changed[cut]);
    attacks.push_back(changed);
  }
  for (const auto& bytes : attacks) {
    const auto client = worker.connect();
    (void)!send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (bytes.size() % 2 == 0) shutdown(client, SHUT_WR);
    const auto answer = all_from(client);
    EXPECT_TRUE(answer.empty() || answer[0] == '\x15' || answer[0] == '\x16')
        << "nothing but alerts and handshakes of TLS";
  }
  EXPECT_TRUE(serves(worker));
}

TEST(WorkerFront, RunsAModelByTlsAsItRunsHere) {
  BERTH_NEEDS_MODEL();
  TestKeys keys;
  const ShownKey shown(keys.client());
  ServedWorker worker(keys);
  DiscoverOptions options;
  options.probes = {"cpu", "rpc"};
  options.probe_timeout = 60s;
  options.rpc_endpoints = {worker.endpoint()};
  const auto machine = discover(options);
  const Device rpc0(DeviceType::rpc, 0);
  const auto* info = machine.find(rpc0);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->key().endpoint, worker.endpoint());
  EXPECT_EQ(info->pool, "ram") << "it is this machine, whatever the way";
  const auto where = resolve(rpc0, machine, {.engines = {"llama.cpp"}});
  const LoadRequest request{
      .model = model_path(), .device = where.device, .keys = where.keys, .context = ContextSpec{.n_ctx = 256}};
  const auto model = engine("llama.cpp").load(request);
  EXPECT_EQ(model->info().where(), "rpc:0");
  const auto second = engine("llama.cpp").load(request);  // two models of one program
  const GenerationRequest question{.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 6}};
  const auto here = engine("llama.cpp").load({.model = model_path()})->new_session()->generate(question);
  EXPECT_EQ(model->new_session()->generate(question).completions[0].text, here.completions[0].text);
  EXPECT_EQ(second->new_session()->generate(question).completions[0].text, here.completions[0].text);
}

}  // namespace
}  // namespace berth::test
#endif
