/// Name servers that do not answer: the only part of a request that libcurl cannot end by itself.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

#include "remote/http.h"

namespace {

struct SlowResolver {
  static constexpr std::string_view host = "slow.invalid";

  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false;
  bool may_answer = false;
  bool answered = false;
};

SlowResolver& slow_resolver() {
  static auto& resolver = *new SlowResolver;  // libcurl's thread may outlive main()
  return resolver;
}

}  // namespace

/// In the place of the C library's, which it asks for all other hosts.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  if (host == nullptr || host != SlowResolver::host) {
    static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, service, hints, found);
  }
  auto& resolver = slow_resolver();
  std::unique_lock lock(resolver.mutex);
  resolver.asked = true;
  resolver.changed.notify_all();
  resolver.changed.wait_for(lock, std::chrono::seconds(30), [&] { return resolver.may_answer; });
  resolver.answered = true;
  return EAI_NONAME;
}

namespace berth {
namespace {

TEST(SlowResolver, DoesNotKeepARequestFromBeingCancelled) {
  auto& resolver = slow_resolver();
  std::stop_source stop;
  const std::jthread canceller([&] {
    std::unique_lock lock(resolver.mutex);
    resolver.changed.wait(lock, [&] { return resolver.asked; });
    stop.request_stop();
  });
  const HttpRequest request{.url = "http://slow.invalid/", .body = "{}"};
  EXPECT_THROW(HttpClient({.proxy = ""}).post(request, stop.get_token()), Cancelled);
  const std::lock_guard lock(resolver.mutex);
  EXPECT_FALSE(resolver.answered) << "it waited for the name server";
  resolver.may_answer = true;
  resolver.changed.notify_all();
}

}  // namespace
}  // namespace berth
