#include "net/key_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "refusal.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::HasSubstr;

unsigned mode_of(const std::filesystem::path& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777U;
}

TEST(KeyFolder, IsForItsOwnerAlone) {
  const TemporaryFolder folder;
  const net::KeyFolder keys(folder.path() / "berth" / "keys");
  EXPECT_FALSE(keys.is_there());
  keys.init();
  EXPECT_TRUE(keys.is_there());
  keys.add("laptop", folder.path() / "laptop.pem");
  EXPECT_EQ(mode_of(folder.path() / "berth" / "keys"), 0700U);
  EXPECT_EQ(mode_of(folder.path() / "laptop.pem"), 0600U);
  for (const char* file : {"ca-key.pem", "worker.pem", "client.pem", "revoked.pem", "issued/laptop.pem"})
    EXPECT_EQ(mode_of(folder.path() / "berth" / "keys" / file), 0600U) << file;

  std::filesystem::permissions(folder.path() / "berth" / "keys", std::filesystem::perms(0755));
  EXPECT_THAT(refusal<std::runtime_error>([&] { keys.init(); }), HasSubstr("chmod 700"));
}

TEST(KeyFolder, ListsWhatWasMadeAndRevoked) {
  const TemporaryFolder folder;
  const net::KeyFolder keys(folder.path() / "keys");
  keys.init({.hosts = {"gpu-box", "10.0.0.5", "fe80::1"}});
  keys.add("laptop", folder.path() / "laptop.pem");
  keys.add("old", folder.path() / "old.pem", {.use = net::KeyUse::worker, .days = -1});
  keys.revoke("laptop");
  keys.revoke("laptop");
  std::string told;
  for (const auto& key : keys.list())
    told += key.name + (key.use == net::KeyUse::worker ? " worker" : " client") + (key.expired ? " expired" : "") +
            (key.revoked ? " revoked" : "") + "; ";
  EXPECT_EQ(told, "client client; laptop client revoked; old worker expired; worker worker; ");
}

TEST(KeyFolder, OverwritesNoKeyThatMayBeInUse) {
  const TemporaryFolder folder;
  const net::KeyFolder keys(folder.path() / "keys");
  keys.init();
  EXPECT_THAT(refusal<std::runtime_error>([&] { keys.init(); }), HasSubstr("is there already"));
  keys.add("laptop", folder.path() / "laptop.pem");
  EXPECT_THAT(refusal<std::runtime_error>([&] { keys.add("laptop", folder.path() / "again.pem"); }),
              HasSubstr("revoke it first"));
  EXPECT_THAT(refusal<std::runtime_error>([&] { keys.add("other", folder.path() / "laptop.pem"); }),
              HasSubstr("is there already"));
  keys.revoke("laptop");
  keys.add("laptop", folder.path() / "again.pem");
  EXPECT_FALSE(keys.list()[1].revoked) << "the new one";
  for (const std::string name : {"", "..", "-x", "a/b", "a b"})
    EXPECT_THAT(refusal([&] { keys.add(name, folder.path() / "x.pem"); }), HasSubstr("is no name for a key")) << name;
  EXPECT_THAT(refusal([&] { keys.add("w", folder.path() / "w.pem", {.hosts = {"a,DNS:b"}}); }), HasSubstr("'a,DNS:b'"));
}

TEST(KeyFolder, GoesOnWhereItsMakingWasInterrupted) {
  const TemporaryFolder folder;
  const auto file = [&](const char* name) { return folder.path() / "keys" / name; };
  const net::KeyFolder keys(folder.path() / "keys");
  keys.init();
  std::filesystem::remove(file("client.pem"));
  keys.init();
  EXPECT_TRUE(std::filesystem::exists(file("client.pem")));
  for (const char* name : {"worker.pem", "client.pem", "issued/worker.pem", "issued/client.pem", "revoked.pem"})
    std::filesystem::remove(file(name));
  keys.init();
  net::check_worker_keys(keys.for_worker());
  EXPECT_THAT(refusal<std::runtime_error>([&] { keys.init(); }), HasSubstr("is there already"));

  const net::KeyFolder of_client(folder.path() / "other");
  std::filesystem::create_directory(folder.path() / "other");
  std::filesystem::permissions(folder.path() / "other", std::filesystem::perms(0700));
  std::filesystem::copy_file(file("client.pem"), folder.path() / "other" / "client.pem");
  EXPECT_THAT(refusal<std::runtime_error>([&] { of_client.init(); }), HasSubstr("client.pem is there already"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "other" / "ca.pem"));
}

TEST(KeyFolder, LeavesNoKeyThatCannotBeRevoked) {
  const TemporaryFolder folder;
  const net::KeyFolder keys(folder.path() / "keys");
  keys.init();
  EXPECT_THROW(keys.add("ghost", folder.path() / "nowhere" / "ghost.pem"), std::runtime_error);
  EXPECT_EQ(keys.list().size(), 2U);
  std::filesystem::rename(folder.path() / "keys" / "issued", folder.path() / "elsewhere");
  EXPECT_THROW(keys.add("ghost", folder.path() / "ghost.pem"), std::runtime_error);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "ghost.pem"));
}

TEST(KeyFolder, SaysWhatIsWrongWithFilesAndNeverWhatIsInThem) {
  const TemporaryFolder folder;
  const net::KeyFolder keys(folder.path() / "keys");
  EXPECT_THAT(refusal<std::runtime_error>([&] { keys.list(); }), HasSubstr("revoked.pem cannot be read"));
  keys.init();
  const auto worker = keys.for_worker();
  net::check_worker_keys(worker);
  const auto refused = [&] { return refusal<net::TlsError>([&] { net::check_worker_keys(worker); }); };
  std::ofstream(folder.path() / "keys" / "revoked.pem") << "-----BEGIN X509 CRL-----\nsecret\n";
  EXPECT_THAT(refused(), testing::AllOf(HasSubstr("revoked.pem"), HasSubstr("nobody is let in"),
                                        testing::Not(HasSubstr("secret"))));
  for (const unsigned mode : {0644U, 0640U, 0660U, 0602U}) {
    std::filesystem::permissions(folder.path() / "keys" / "worker.pem", std::filesystem::perms(mode));
    EXPECT_THAT(refused(), HasSubstr("chmod 600")) << std::oct << mode;
  }
  std::ofstream(folder.path() / "keys" / "worker.pem") << "nonsense";
  std::filesystem::permissions(folder.path() / "keys" / "worker.pem", std::filesystem::perms(0600));
  EXPECT_THAT(refused(), HasSubstr("worker.pem holds no certificate"));
  std::filesystem::remove(folder.path() / "keys" / "worker.pem");
  EXPECT_THAT(refused(), HasSubstr("No such file"));
}

}  // namespace
}  // namespace berth::test
