/// What a worker keeps of weights, so that they are sent once only: nothing is used whose bytes are not those that it was kept for.
#include "engine/host/tensor_cache.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "raw_client.h"
#include "refusal.h"

namespace berth::test {
namespace {

using host::TensorCache;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t hash_of_a = 0xaf63dc4c8601ec8c;  // FNV-1a of "a"
constexpr std::uint64_t hash_of_b = 0xaf63df4c8601f1a5;
constexpr std::uint64_t hash_of_c = 0xaf63de4c8601eff2;
constexpr auto name_of_a = "af63dc4c8601ec8c";

std::string bytes_in(const std::filesystem::path& file) {
  std::stringstream bytes;
  bytes << std::ifstream(file).rdbuf();
  return bytes.str();
}

class TensorCaches : public testing::Test {
 protected:
  std::filesystem::path kept() const { return folder_.path() / name_of_a; }
  std::filesystem::path served() const { return cache_.folder_of_server() / name_of_a; }
  /// What ggml's server would find.
  std::string offered() {
    cache_.offer(hash_of_a);
    auto bytes = bytes_in(served());
    cache_.keep_new();
    return bytes;
  }

  TemporaryFolder folder_;
  std::vector<std::string> told_;
  TensorCache cache_{folder_.path(), 1 << 20, [this](const std::string& what) { told_.push_back(what); }};
};

TEST_F(TensorCaches, OfferWhatIsKeptAndRight) {
  EXPECT_EQ(offered(), "");
  std::ofstream(kept()) << "a";
  EXPECT_EQ(offered(), "a");
  EXPECT_EQ(offered(), "a") << "again, without reading it";
  EXPECT_FALSE(std::filesystem::exists(served())) << "the server finds it once it asked only";
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(TensorCaches, RemoveWhatIsDamagedOrCut) {
  for (const std::string wrong : {"b", "", "aa"}) {
    std::ofstream(kept()) << "a";
    EXPECT_EQ(offered(), "a");
    std::ofstream(kept()) << wrong;
    EXPECT_EQ(offered(), "") << wrong;
    EXPECT_FALSE(std::filesystem::exists(kept())) << wrong;
  }
  EXPECT_THAT(told_, testing::Each(HasSubstr("did not hold what it was kept for")));
  EXPECT_EQ(told_.size(), 3U);
}

TEST_F(TensorCaches, KeepWhatTheServerWrote) {
  EXPECT_EQ(offered(), "");
  std::ofstream(served()) << "a";
  cache_.keep_new();
  EXPECT_EQ(bytes_in(kept()), "a");
  EXPECT_EQ(offered(), "a");
}

TEST_F(TensorCaches, KeepNothingThatIsCut) {
  EXPECT_EQ(offered(), "");
  std::ofstream(served()) << "";
  cache_.keep_new();
  EXPECT_FALSE(std::filesystem::exists(kept()));
  EXPECT_FALSE(std::filesystem::exists(served()));
  EXPECT_THAT(told_, ElementsAre(HasSubstr("is the disk full?")));
}

TEST_F(TensorCaches, KeepWhatHasRoomAlone) {
  TensorCache small(folder_.path(), 1, [this](const std::string& what) { told_.push_back(what); });
  for (const auto& [hash, bytes] : {std::pair{hash_of_a, "a"}, {hash_of_b, "b"}, {hash_of_c, "c"}}) {
    small.offer(hash);
    std::ofstream(small.folder_of_server() / fmt::format("{:016x}", hash)) << bytes;
    small.keep_new();
  }
  EXPECT_EQ(bytes_in(kept()), "a") << "what a client uses stays, as it asks in the same order when it comes again";
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / fmt::format("{:016x}", hash_of_b)));
  EXPECT_FALSE(std::filesystem::exists(small.folder_of_server() / fmt::format("{:016x}", hash_of_b)));
  EXPECT_THAT(told_, ElementsAre(HasSubstr("see --cache-size"))) << "told once";

  TensorCache next(folder_.path(), 1, [](const std::string&) {});
  next.offer(hash_of_b);
  std::ofstream(next.folder_of_server() / fmt::format("{:016x}", hash_of_b)) << "b";
  next.keep_new();
  EXPECT_FALSE(std::filesystem::exists(kept())) << "of a client that is gone, as far as anybody can tell";
  EXPECT_EQ(bytes_in(folder_.path() / fmt::format("{:016x}", hash_of_b)), "b");
}

TEST_F(TensorCaches, AreRemovedWithTheirClients) {
  const auto mine = cache_.folder_of_server();
  const auto of_one_that_is_gone = folder_.path() / ".client-gone";
  std::filesystem::create_directory(of_one_that_is_gone);
  std::ofstream(of_one_that_is_gone / name_of_a) << "part of";
  TensorCache::remove_what_was_left(folder_.path());
  EXPECT_TRUE(std::filesystem::exists(mine));
  EXPECT_FALSE(std::filesystem::exists(of_one_that_is_gone));
}

TEST_F(TensorCaches, NeedAFolder) {
  std::ofstream(folder_.path() / "file") << "";
  const auto said = [&](const std::filesystem::path& folder) {
    return refusal<std::runtime_error>([&] { TensorCache::prepare(folder, 1 << 20); });
  };
  EXPECT_THAT(said(folder_.path() / "file"), HasSubstr("file cannot be the folder for weights"));
  EXPECT_THAT(said("/proc/nowhere"), HasSubstr("/proc/nowhere cannot be the folder for weights"));
  EXPECT_EQ(said(folder_.path() / "new" / "one"), "was accepted");
}

#ifdef BERTH_TEST_RPC_WORKER
/// A request of ggml's RPC for one number in a buffer, as far as it goes before what is done with it.
std::string number_in(std::uint64_t buffer, std::uint64_t base) {
  constexpr std::size_t whole = 296;
  constexpr std::size_t to_view = 204;
  const std::uint32_t one = 1;
  const std::uint32_t size = 4;
  auto tensor = raw_bytes(std::uint64_t{1}, std::uint32_t{0}, buffer, one, one, one, one, size, size, size, size);
  tensor.resize(to_view, '\0');
  tensor += raw_bytes(std::uint64_t{0}, std::uint64_t{0}, base);
  tensor.resize(whole, '\0');
  return tensor;
}

TEST(TensorCacheOfAWorker, IsCheckedBeforeItIsUsed) {
  const TemporaryFolder folder;
  ServedWorker worker({}, {.n_threads = 1, .cache = folder.path().string()});
  const std::uint64_t hash = 0x1fabbdf10314a21d;  // FNV-1a of "1234"
  const auto file = folder.path() / "1fabbdf10314a21d";
  const auto is_there = [&](RawClient& client, const std::string& tensor) {
    return client.ask(rpc_request(7, tensor + raw_bytes(std::uint64_t{0}, hash))) == std::string(1, '\1');
  };
  const auto new_tensor = [](RawClient& client) {
    const auto buffer = client.allocate(64);
    const auto answer = client.ask(rpc_request(3, raw_bytes(buffer)));
    std::uint64_t base = 0;
    std::memcpy(&base, answer.data(), std::min(answer.size(), sizeof base));
    return number_in(buffer, base);
  };
  {
    RawClient client(worker.connect());
    const auto tensor = new_tensor(client);
    EXPECT_FALSE(is_there(client, tensor));
    client.send(rpc_request(6, tensor + raw_bytes(std::uint8_t{1}, std::uint64_t{0}) + "1234"));
    EXPECT_TRUE(is_there(client, tensor));
    EXPECT_EQ(bytes_in(file), "1234");
  }
  std::ofstream(file) << "1235";
  RawClient client(worker.connect());
  const auto tensor = new_tensor(client);
  EXPECT_FALSE(is_there(client, tensor));
  client.send(rpc_request(6, tensor + raw_bytes(std::uint8_t{1}, std::uint64_t{0}) + "1234"));
  EXPECT_TRUE(is_there(client, tensor)) << "it was sent anew";
  shutdown(client.socket(), SHUT_WR);
  EXPECT_TRUE(worker.told("did not hold what it was kept for"));
}
#endif

}  // namespace
}  // namespace berth::test
