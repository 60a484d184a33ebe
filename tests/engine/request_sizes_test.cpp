#include "engine/host/request_sizes.h"

#include <gtest/gtest.h>

#include <random>

#include "raw_client.h"

namespace berth::host {
namespace {

constexpr std::uint64_t most = 1000;

TEST(RequestSizes, AreKnownBeforeWhatARequestBrings) {
  RequestSizes sizes;
  EXPECT_EQ(sizes.too_long(test::rpc_request(6, std::string(1000, 'x')), most), std::nullopt);
  EXPECT_EQ(sizes.too_long(test::raw_bytes(std::uint8_t{6}, std::uint64_t{1001}), most), 1001);
}

TEST(RequestSizes, MayBeAsLargeAsANumber) {
  for (const auto size : {std::uint64_t{1} << 33U, std::uint64_t{1} << 63U, UINT64_MAX})
    EXPECT_EQ(RequestSizes().too_long(test::raw_bytes(std::uint8_t{10}, size), most), size);
  EXPECT_EQ(RequestSizes().too_long(test::raw_bytes(std::uint8_t{10}, UINT64_MAX), UINT64_MAX), std::nullopt);
}

TEST(RequestSizes, DoNotDependOnHowTheBytesAreCut) {
  std::minstd_rand random(1);
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    for (int i = 0; i < 20; ++i)
      bytes += test::rpc_request(static_cast<std::uint8_t>(i), std::string(random() % 3 * 300, '\xFF'));
    bytes += test::rpc_request(0, std::string(2000, 'x'));
    RequestSizes sizes;
    std::optional<std::uint64_t> found;
    for (std::size_t at = 0; at < bytes.size() && !found;) {
      const auto part = std::min<std::size_t>(1 + random() % 50, bytes.size() - at);
      found = sizes.too_long(std::string_view(bytes).substr(at, part), most);
      at += part;
      EXPECT_EQ(found.has_value(), at >= bytes.size() - 2000) << round;
    }
    EXPECT_EQ(found, 2000);
  }
}

TEST(RequestSizes, TellWhichKeptTensorIsAskedFor) {
  const auto question = test::rpc_request(7, std::string(304, 'x') + test::raw_bytes(std::uint64_t{42}));
  for (std::size_t cut = 1; cut < question.size(); cut += 50) {
    RequestSizes requests;
    EXPECT_TRUE(requests.is_between_requests());
    requests.too_long(question.substr(0, cut), most);
    EXPECT_FALSE(requests.is_between_requests());
    EXPECT_EQ(requests.take_asked_tensor(), std::nullopt);
    requests.too_long(question.substr(cut), most);
    EXPECT_TRUE(requests.is_between_requests());
    EXPECT_EQ(requests.take_asked_tensor(), 42U);
    EXPECT_EQ(requests.take_asked_tensor(), std::nullopt);
  }
  RequestSizes others;
  others.too_long(test::rpc_request(7, "short") + test::rpc_request(6, std::string(312, 'x')), most);
  EXPECT_EQ(others.take_asked_tensor(), std::nullopt);
}

TEST(RequestSizes, TellWhetherAClientHoldsBuffers) {
  RequestSizes requests;
  const auto get = test::rpc_request(0, std::string(12, 'x'));
  const auto give_back = test::rpc_request(4, std::string(8, 'x'));
  requests.too_long(give_back + get + get + give_back, most);
  EXPECT_TRUE(requests.holds_buffers());
  requests.too_long(give_back, most);
  EXPECT_FALSE(requests.holds_buffers());
}

}  // namespace
}  // namespace berth::host
