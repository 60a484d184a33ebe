#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include "discover/host/usable.h"
#include "discover/probes.h"
#include "discover/recorded_machine.h"
#include "discover/remote/rpc_worker.h"
#include "json_file.h"
#include "open_sockets.h"
#include "real_worker.h"
#include "refusal.h"

namespace berth::test {
namespace {

using discovery::Findings;
using discovery::Machine;
using discovery::RpcEndpoint;
using discovery::RpcWorker;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using namespace std::chrono_literals;

/// Listens on a free port of the loopback; what is connected is given to `serve`, one after another.
class Listener {
 public:
  using Serve = std::function<void(int socket)>;

  /// What is connected belongs to `user`.
  explicit Listener(Serve serve, uid_t user = geteuid())
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)), serve_(std::move(serve)), user_(user) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_, generic, size) != 0 || listen(socket_, 8) != 0 || getsockname(socket_, generic, &size) != 0)
      throw std::runtime_error("no free port");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~Listener() {
    stop_ = true;
    thread_.join();
    close(socket_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::string endpoint(const std::string& host = "127.0.0.1") const { return host + ":" + std::to_string(port_); }
  const std::atomic<bool>& stopping() const { return stop_; }

 private:
  void accept_all() {
    setfsuid(user_);  // of this thread alone
    while (!stop_) {
      pollfd entry{socket_, POLLIN, 0};
      if (poll(&entry, 1, 10) <= 0) continue;
      const int connected = accept(socket_, nullptr, nullptr);
      if (connected < 0) continue;
      serve_(connected);
      close(connected);
    }
  }

  int socket_;
  int port_ = 0;
  Serve serve_;
  uid_t user_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

void send_all(int socket, const std::string& bytes) { (void)send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

/// Receives that many bytes. Empty at the end of the connection.
std::string receive(int socket, std::size_t size) {
  std::string bytes(size, '\0');
  if (size == 0) return bytes;  // recv would wait
  return recv(socket, bytes.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size) ? bytes : std::string();
}

template <class... Numbers>
std::string packed(Numbers... numbers) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
  return bytes;
}

std::string answer_of_worker(const std::string& body) { return packed(std::uint64_t{body.size()}) + body; }

/// A worker as the protocol wants it, with these devices.
struct Worker {
  std::vector<discovery::RpcMemory> devices = {};
  std::string version = std::string("\x07\x00\x00\x00", 4);

  void operator()(int socket) const {
    while (answer_one(socket)) {
    }
  }

  /// False where the client is gone.
  bool answer_one(int socket) const {
    const auto head = receive(socket, 9);
    if (head.empty()) return false;
    std::uint64_t size = 0;
    std::memcpy(&size, head.data() + 1, sizeof size);
    const auto body = receive(socket, size);
    if (head[0] == 14) send_all(socket, answer_of_worker(version + std::string(24, '\0')));
    if (head[0] == 15) send_all(socket, answer_of_worker(packed(static_cast<std::uint32_t>(devices.size()))));
    if (head[0] != 11) return true;
    std::uint32_t device = 0;
    std::memcpy(&device, body.data(), sizeof device);
    send_all(socket, answer_of_worker(packed(devices.at(device).free_bytes, devices.at(device).total_bytes)));
    return true;
  }
};

/// What is said of workers at these endpoints, asked in `time`.
Findings ask(std::vector<std::string> endpoints, std::chrono::milliseconds time = 20s) {
  Machine machine;
  machine.rpc_endpoints = std::move(endpoints);
  machine.probe_timeout = time;
  return discovery::probe_rpc(machine);
}

TEST(RpcEndpointText, IsAHostAndAPort) {
  const auto name = RpcEndpoint::parse("gpu-box.local:50052");
  EXPECT_EQ(name.host, "gpu-box.local");
  EXPECT_EQ(name.port, 50052);
  const auto ipv6 = RpcEndpoint::parse("[fe80::1%eth0]:1");
  EXPECT_EQ(ipv6.host, "fe80::1%eth0");
  EXPECT_EQ(ipv6.port, 1);
}

TEST(RpcEndpointText, ThatIsWrongIsNamed) {
  for (const char* text : {"", "host", "host:", "host:x", "host:0", "host:65536", "host:123456", ":1", "::1:50052",
                           "[]:1", "a/b:1", "user@host:1", "a b:1", "host:1\n", "ho%41st:1", "host:+1"}) {
    const auto said = refusal([&] { RpcEndpoint::parse(text); });
    EXPECT_THAT(said, AllOf(HasSubstr("The RPC endpoint"), HasSubstr("host:port"))) << text;
  }
  EXPECT_THAT(refusal([] { RpcEndpoint::parse("[::1]"); }), HasSubstr("has no port"));
}

TEST(RpcProbe, SaysHowWorkersAreNamed) {
  const auto found = ask({});
  EXPECT_EQ(found.report.outcome, ProbeOutcome::nothing);
  EXPECT_THAT(found.report.message, HasSubstr("BERTH_RPC"));
}

TEST(RpcProbe, FindsTheDevicesOfWorkers) {
  const Listener first(Worker{.devices = {{3, 10}, {4, 20}}});
  const Listener second(Worker{.devices = {{1, 10}}});
  const auto found = ask({first.endpoint(), second.endpoint("localhost"), first.endpoint()});
  EXPECT_EQ(found.report.outcome, ProbeOutcome::found) << found.report.message;
  EXPECT_EQ(found.report.library_version, "7.0.0");
  ASSERT_THAT(found.devices, SizeIs(3));
  EXPECT_EQ(found.devices[1].device.str(), "rpc:1");
  EXPECT_EQ(found.devices[1].name, "RPC worker " + first.endpoint() + ", device 1");
  EXPECT_EQ(found.devices[1].free_bytes, 4U);
  EXPECT_EQ(found.devices[2].remote, (RemoteInfo{second.endpoint("localhost"), "7.0.0"}));
  ASSERT_THAT(found.links, SizeIs(3));
  EXPECT_EQ(found.links[0].kind, LinkKind::network);
  EXPECT_TRUE(found.links[0].measured);
  EXPECT_GT(found.links[0].latency_us.value_or(0), 0);
}

TEST(RpcProbe, KnowsOneWorkerByTwoNames) {
  const Listener one(Worker{.devices = {{3, 10}}});
  Machine machine;
  machine.probe_timeout = 20s;
  machine.rpc_endpoints = {one.endpoint("127.1"), one.endpoint(), one.endpoint("localhost")};
  machine.rpc_names = {{one.endpoint(), "den"}};
  const auto found = discovery::probe_rpc(machine);
  ASSERT_THAT(found.devices, SizeIs(1));
  EXPECT_EQ(found.devices[0].name, "RPC worker den");
  EXPECT_THAT(found.report.notes,
              ElementsAre(HasSubstr(one.endpoint() + " is the same worker as 127.1:"), HasSubstr("localhost:")));
}

TEST(RpcProbe, TrustsNoWorkerOfAnotherUserOfThisMachine) {
  if (getuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  const auto of_nobody = [](const std::string& trusted) {
    const Listener worker(Worker{.devices = {{1, 2}}}, 65534);
    setenv("BERTH_WORKER_USER", trusted.c_str(), 1);
    const auto found = ask({worker.endpoint()});
    unsetenv("BERTH_WORKER_USER");
    return found;
  };
  const auto found = of_nobody("");
  EXPECT_THAT(found.devices, IsEmpty());
  EXPECT_THAT(found.report.message, AllOf(HasSubstr("belongs to another user"), HasSubstr("BERTH_WORKER_USER")));
  EXPECT_THAT(of_nobody("65534").devices, SizeIs(1));
}

TEST(RpcProbe, ReachesAWorkerThatIsFarAway) {
  const Listener far([](int socket) {
    const Worker worker{.devices = {{1, 2}}};
    for (;;) {
      char next = 0;
      if (recv(socket, &next, 1, MSG_PEEK) <= 0) return;
      std::this_thread::sleep_for(80ms);
      worker.answer_one(socket);
    }
  });
  EXPECT_THAT(ask({far.endpoint()}, 600ms).devices, SizeIs(1)) << "which are four questions, and not more";
}

TEST(RpcProbe, CallsWorkersByTheNamesThatTheUserGaveThem) {
  const Listener good(Worker{.devices = {{1, 2}}});
  const Listener bad([](int) {});
  Machine machine;
  machine.probe_timeout = 20s;
  machine.rpc_endpoints = {good.endpoint(), bad.endpoint()};
  machine.rpc_names = {{good.endpoint(), "den"}, {bad.endpoint(), "attic"}};
  const auto found = discovery::probe_rpc(machine);
  ASSERT_THAT(found.devices, SizeIs(1));
  EXPECT_EQ(found.devices[0].name, "RPC worker den");
  EXPECT_EQ(found.devices[0].remote, (RemoteInfo{good.endpoint(), "7.0.0", 0, "den"}));
  EXPECT_THAT(found.report.notes, ElementsAre(HasSubstr("attic: The RPC worker " + bad.endpoint())));
}

TEST(RpcProbe, CountsMemoryOfOneHostOnce) {
  const Listener first(Worker{.devices = {{10, 10}, {10, 10}}});
  const Listener second(Worker{.devices = {{10, 10}}});
  const auto found = ask({first.endpoint(), second.endpoint()});
  ASSERT_THAT(found.devices, SizeIs(3));
  EXPECT_NE(found.devices[0].pool, found.devices[1].pool) << "devices of one worker are different ones";
  EXPECT_EQ(found.devices[2].pool, found.devices[0].pool);
  ASSERT_THAT(found.pools, SizeIs(2));
  EXPECT_EQ(found.pools[0], (MemoryPool{"rpc host:127.0.0.1", PoolKind::remote, 10, 10}));
}

TEST(RpcProbe, CountsMemoryThatWorkersWereGivenForEachOfThem) {
  constexpr std::uint64_t given = 64 << 20;
  const Listener first(Worker{.devices = {{given, given}}});
  const Listener second(Worker{.devices = {{given, given}}});
  const auto found = ask({first.endpoint(), second.endpoint()});
  ASSERT_THAT(found.devices, SizeIs(2));
  EXPECT_NE(found.devices[0].pool, found.devices[1].pool);
  EXPECT_EQ(found.devices[0].note, "");
}

TEST(RpcProbe, CountsEqualGpusBehindTwoWorkersTwice) {
  const Listener first(Worker{.devices = {{9, 10}}});
  const Listener second(Worker{.devices = {{9, 10}}});
  const auto found = ask({first.endpoint(), second.endpoint()});
  ASSERT_THAT(found.devices, SizeIs(2));
  EXPECT_NE(found.devices[0].pool, found.devices[1].pool);
  EXPECT_THAT(found.pools, SizeIs(2));
}

TEST(RpcProbe, KnowsTheMemoryOfThisMachine) {
  const Listener here(Worker{.devices = {{1024, 4096}}});
  const RecordedMachine recorded;
  recorded.write("proc/meminfo", "MemTotal:  4 kB\n");
  auto machine = recorded.machine();
  machine.rpc_endpoints = {here.endpoint()};
  const auto found = discovery::probe_rpc(machine);
  ASSERT_THAT(found.devices, SizeIs(1));
  EXPECT_EQ(found.devices[0].pool, "ram");
  EXPECT_THAT(found.pools, IsEmpty());
}

struct Trouble {
  const char* name;
  Listener::Serve serve;
  ProbeOutcome outcome;
  const char* message;
};

TEST(RpcProbe, ReportsWhatIsNoGoodWorkerAndKeepsTheOthers) {
  const Listener good(Worker{.devices = {{1, 2}}});
  const auto greeted = [](const std::string& rest) {
    return [rest](int socket) {
      receive(socket, 9 + 24);
      send_all(socket, answer_of_worker(std::string("\x07\x00\x00\x00", 4) + std::string(24, '\0')) + rest);
      receive(socket, 1 << 20);
    };
  };
  const std::vector<Trouble> troubles{
      {"closes", [](int) {}, ProbeOutcome::failed, "closed the connection when it was greeted"},
      {"http", [](int socket) { send_all(socket, "HTTP/1.1 400 Bad Request\r\n\r\n"); }, ProbeOutcome::failed,
       "no worker"},
      {"absurd length",
       [](int socket) {
         send_all(socket, std::string(64, '\xff'));
         receive(socket, 999);
       },
       ProbeOutcome::failed, "bytes where 28 are due"},
      {"older", Worker{.version = std::string("\x06\x00\x00\x00", 4)}, ProbeOutcome::driver_too_old, "version 6.0.0"},
      {"newer", Worker{.version = std::string("\x08\x01\x00\x00", 4)}, ProbeOutcome::failed, "version 8.1.0"},
      {"nothing to offer", Worker{}, ProbeOutcome::nothing, "has no devices"},
      {"a billion devices", greeted(answer_of_worker(packed(std::uint32_t{1'000'000'000}))), ProbeOutcome::failed,
       "1000000000 devices"},
      {"more free than there is", Worker{.devices = {{5, 4}}}, ProbeOutcome::failed, "cannot be"},
      {"exabytes", Worker{.devices = {{1, std::uint64_t{1} << 60}}}, ProbeOutcome::failed, "cannot be"},
      {"half an answer", greeted(packed(std::uint64_t{4}) + "\x01"), ProbeOutcome::timed_out,
       "does not answer in time"},
  };
  for (const auto& trouble : troubles) {
    SCOPED_TRACE(trouble.name);
    const Listener bad(trouble.serve);
    const auto time = trouble.outcome == ProbeOutcome::timed_out ? 400ms : 20s;
    const auto alone = ask({bad.endpoint()}, time);
    EXPECT_EQ(alone.report.outcome, trouble.outcome) << alone.report.message;
    EXPECT_THAT(alone.report.message, AllOf(HasSubstr(bad.endpoint()), HasSubstr(trouble.message)));
    EXPECT_THAT(alone.devices, IsEmpty());
    if (trouble.outcome == ProbeOutcome::timed_out) continue;
    const auto both = ask({bad.endpoint(), good.endpoint()});
    EXPECT_EQ(both.report.outcome, ProbeOutcome::found);
    EXPECT_THAT(both.devices, SizeIs(1));
    EXPECT_THAT(both.report.notes, Contains(HasSubstr(bad.endpoint())));
  }
}

TEST(RpcProbe, GivesUpASilentWorker) {
  std::atomic<bool> done = false;
  const Listener silent([&](int) {
    while (!done) std::this_thread::sleep_for(1ms);
  });
  const auto found = ask({silent.endpoint()}, 200ms);
  done = true;
  EXPECT_EQ(found.report.outcome, ProbeOutcome::timed_out);
  EXPECT_THAT(found.report.message, AllOf(HasSubstr(silent.endpoint()), HasSubstr("one client at a time")));
}

TEST(RpcProbe, ReportsWhatCannotBeReached) {
  std::string endpoint;
  {
    const Listener gone([](int) {});
    endpoint = gone.endpoint();
  }
  const auto found = ask({endpoint, "no-such-host.invalid:1", "nonsense"});
  EXPECT_EQ(found.report.outcome, ProbeOutcome::failed);
  EXPECT_THAT(found.report.message, AllOf(HasSubstr(endpoint), HasSubstr("cannot be reached")));
  EXPECT_THAT(found.report.notes, ElementsAre(HasSubstr("no-such-host.invalid"), HasSubstr("'nonsense'")));
}

#ifdef BERTH_TEST_RPC_WORKER
TEST(RpcProbe, UnderstandsARealWorker) {
  const RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto found = ask({worker.endpoint()}, 60s);
  ASSERT_EQ(found.report.outcome, ProbeOutcome::found) << found.report.message;
  ASSERT_THAT(found.devices, SizeIs(1));
  EXPECT_EQ(found.devices[0].total_bytes, discovery::total_memory_bytes());
  EXPECT_EQ(found.devices[0].pool, "ram");
}

TEST(RpcWorker, IsNotConnectedToProgramsThatAreStartedMeanwhile) {
  const RealWorker process(BERTH_TEST_RPC_WORKER);
  const int before = connections_for_other_programs();
  const RpcWorker worker(process.endpoint(), 60s);
  EXPECT_EQ(connections_for_other_programs(), before);
}

TEST(RpcWorker, MeasuresTheWayToARealWorker) {
  const RealWorker process(BERTH_TEST_RPC_WORKER);
  RpcWorker worker(process.endpoint(), 60s);
  EXPECT_GT(worker.round_trip_us(), 0);
  EXPECT_GT(worker.bytes_per_s(0, 1 << 20), 0);
  EXPECT_THAT(worker.devices(), SizeIs(1)) << "it goes on after a measurement";
  EXPECT_THROW(worker.bytes_per_s(0, 0), std::invalid_argument);
}
#endif

}  // namespace
}  // namespace berth::test
