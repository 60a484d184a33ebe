#include "net/sockets.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <system_error>

#include "as_nobody.h"

namespace berth::test {
namespace {

/// Both ends of a connection within this machine.
struct Pair {
  Descriptor client;
  Descriptor server;
};

Pair connected(const std::string& host) {
  const auto listener = net::listen_at(host, 0);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(getsockname(listener, generic, &size), 0);
  Pair pair;
  pair.client.reset(socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(pair.client, generic, size), 0);
  pair.server.reset(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  return pair;
}

TEST(Sockets, TellWhoseProcessIsAtTheOtherEnd) {
  for (const std::string host : {"127.0.0.1", "::1"}) try {
      auto pair = connected(host);
      EXPECT_EQ(net::user_of_peer(pair.server), geteuid()) << host;
      EXPECT_THAT(net::name_of_peer(pair.server), testing::EndsWith(":" + std::to_string(net::port_of(pair.client))));
      pair.client.reset();
      EXPECT_EQ(net::user_of_peer(pair.server), std::nullopt) << "nobody has it open any more";
    } catch (const std::system_error& problem) {
      EXPECT_EQ(host, "::1") << problem.what();  // a machine without IPv6
    }
  if (getuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  const AsNobody nobody;
  EXPECT_EQ(net::user_of_peer(connected("127.0.0.1").server), uid_t{65534});
}

TEST(Sockets, TellWhichProcessListens) {
  auto listener = net::listen_at("127.0.0.1", 0);
  const int port = net::port_of(listener);
  EXPECT_THAT(net::listeners_at(port), testing::ElementsAre(getpid()));
  listener.reset();
  EXPECT_THAT(net::listeners_at(port), testing::IsEmpty());
}

TEST(Sockets, KnowWhatOnlyThisMachineReaches) {
  for (const char* host : {"127.0.0.1", "127.3.2.1", "::1", "localhost"}) EXPECT_TRUE(net::is_loopback(host)) << host;
  for (const char* host : {"0.0.0.0", "::", "192.168.1.5", "127.example.org", "gpu-box", ""})
    EXPECT_FALSE(net::is_loopback(host)) << host;
}

TEST(Sockets, SayWhereNothingCanListen) {
  const auto taken = net::listen_at("127.0.0.1", 0);
  try {
    net::listen_at("127.0.0.1", net::port_of(taken));
    FAIL() << "listens twice";
  } catch (const std::system_error& problem) {
    EXPECT_EQ(problem.code(), std::errc::address_in_use);
  }
  EXPECT_THROW(net::listen_at("no.such.host.invalid", 1), std::system_error);
}

}  // namespace
}  // namespace berth::test
