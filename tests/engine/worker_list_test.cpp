/// The list of workers in workers.yaml: read with care, changed in place.
#include "engine/worker_list.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "berth/error.h"
#include "berth/inventory.h"
#include "discover/remote/worker_link.h"
#include "refusal.h"
#include "test_model.h"
#include "text/file.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto two_workers =
    "# at home\n"
    "workers:\n"
    "  - name: den\n"
    "    endpoint: 192.168.1.5:50052  # the big one\n"
    "\n"
    "  # in the attic\n"
    "  - {name: attic, endpoint: 'attic:50052', enabled: false, keys: ~/attic.keys}\n";

const KnownWorker den{.name = "den", .endpoint = "192.168.1.5:50052"};
const KnownWorker attic{.name = "attic", .endpoint = "attic:50052", .keys = "~/attic.keys", .enabled = false};
const KnownWorker shed{.name = "shed", .endpoint = "[fe80::1]:7"};

TEST(WorkerList, IsReadAsItIsWritten) {
  EXPECT_THAT(workers_in(two_workers, "workers.yaml"), ElementsAre(den, attic));
  for (const char* text : {"", "# nothing\n", "workers:\n", "workers: []\n", "{}\n"})
    EXPECT_THAT(workers_in(text, "workers.yaml"), IsEmpty()) << text;
  EXPECT_THAT(known_workers("/nowhere/at/all.yaml"), IsEmpty());
  EXPECT_THAT(known_workers("/dev/null"), IsEmpty());
}

std::string list_refusal(const std::string& text) {
  try {
    workers_in(text, "workers.yaml");
  } catch (const FormatError& problem) {
    return problem.what();
  }
  return "was accepted";
}

TEST(WorkerList, TellsTheLineOfWhatIsWrong) {
  const std::string start = "workers:\n  - name: den\n    endpoint: den:1\n";
  for (const auto& [text, said] : std::initializer_list<std::pair<std::string, std::string>>{
           {"workers: [\n", "workers.yaml:2:1"},
           {"- den\n", "line 1"},
           {"worker: []\n", "'worker' is not known there"},
           {"workers: den\n", "line 1: workers"},
           {start + "  - den\n", "line 4: workers[1]"},
           {start + "  - name: attic\n", "line 4: workers[1].endpoint: is missing"},
           {start + "  - name: attic\n    endpoint: attic\n", "has no port"},
           {start + "  - name: attic\n    endpoint: attic:0\n", "line 4"},
           {start + "  - name: den\n    endpoint: b:1\n", "den is there already"},
           {start + "  - name: b\n    endpoint: den:1\n", "den:1 is there already, as den"},
           {start + "  - name: b c\n    endpoint: b:1\n", "no name of a worker"},
           {start + "  - name: --json\n    endpoint: b:1\n", "no name of a worker"},
           {start + "  - name: b\n    endpoint: b:1\n    enabled: maybe\n", "workers[1].enabled"},
           {start + "  - name: b\n    endpoint: b:1\n    enable: true\n", "'enable' is not known there"},
           {start + "  - name: b\n    endpoint: 5\n", "workers[1].endpoint"},
           {start + start, "workers.yaml:4:1"},
       })
    EXPECT_THAT(list_refusal(text), AllOf(HasSubstr("workers.yaml"), HasSubstr(said))) << text;
  std::string many = "workers:\n";
  for (int i = 0; i < 300; ++i)
    many += "- {name: n" + std::to_string(i) + ", endpoint: 'h:" + std::to_string(i + 1) + "'}\n";
  EXPECT_THAT(list_refusal(many), HasSubstr("no more than 256"));
}

TEST(WorkerList, KeepsWhatTheUserWroteAroundAChange) {
  const auto added = with_worker(two_workers, shed, "workers.yaml");
  EXPECT_FALSE(added.comments_lost);
  EXPECT_THAT(added.text, testing::StartsWith(two_workers));
  EXPECT_THAT(workers_in(added.text, ""), ElementsAre(den, attic, shed));
  const auto removed = without_worker(added.text, "den", "workers.yaml");
  EXPECT_FALSE(removed.comments_lost);
  EXPECT_THAT(removed.text,
              AllOf(HasSubstr("# at home\n"), HasSubstr("  # in the attic\n"), Not(HasSubstr("big one"))));
  EXPECT_THAT(workers_in(removed.text, ""), ElementsAre(attic, shed));
  const auto last = without_worker(without_worker(removed.text, "shed", "").text, "attic", "");
  EXPECT_THAT(last.text, HasSubstr("# at home"));
  EXPECT_THAT(workers_in(last.text, ""), IsEmpty());
  EXPECT_THAT(workers_in(with_worker(last.text, den, "").text, ""), ElementsAre(den));
}

TEST(WorkerList, ThatCannotBeChangedInPlaceIsWrittenAnew) {
  const std::string text = "workers: [{name: den, endpoint: '192.168.1.5:50052'}]  # one line\n";
  const auto added = with_worker(text, shed, "");
  EXPECT_TRUE(added.comments_lost);
  EXPECT_THAT(workers_in(added.text, ""), ElementsAre(den, shed));
  const auto removed =
      without_worker("workers: [{name: den, endpoint: 'a:1'},\n  {name: b, endpoint: 'b:1'}]  # two\n", "den", "");
  EXPECT_TRUE(removed.comments_lost);
  EXPECT_THAT(workers_in(removed.text, ""), ElementsAre(KnownWorker{.name = "b", .endpoint = "b:1"}));
  EXPECT_THAT(workers_in(without_worker(text, "den", "").text, ""), IsEmpty());
  EXPECT_FALSE(with_worker("workers: []\n", shed, "").comments_lost) << "there was none";
}

TEST(WorkerList, RefusesWhatItCouldNotReadAgain) {
  EXPECT_THAT(test::refusal([&] { with_worker(two_workers, den, ""); }), HasSubstr("den is there already"));
  EXPECT_THAT(test::refusal([&] { with_worker("", {.name = "", .endpoint = "a:1"}, ""); }), HasSubstr("no name"));
  EXPECT_THAT(test::refusal([&] { with_worker("", {.name = "a", .endpoint = "a"}, ""); }), HasSubstr("no port"));
  EXPECT_THAT(test::refusal([&] { with_worker("", {.name = "a", .endpoint = "a:1", .keys = "\x1b[2J"}, ""); }),
              HasSubstr("keys"));
  EXPECT_THAT(test::refusal([&] { without_worker(two_workers, "shed", ""); }),
              AllOf(HasSubstr("no worker 'shed'"), HasSubstr("den, attic")));
}

/// Law: whatever is added and removed in whatever order, the list holds what it should.
TEST(WorkerList, HoldsWhatWasAddedAndNotRemoved) {
  std::mt19937 random(11);
  std::string text = two_workers;
  std::vector<KnownWorker> expected = {den, attic};
  for (int step = 0; step < 200; ++step) {
    if (expected.empty() || (expected.size() < 8 && random() % 2 == 0)) {
      KnownWorker worker{.name = "w" + std::to_string(step), .endpoint = "h" + std::to_string(step) + ":1"};
      if (random() % 3 == 0) worker.keys = "odd 'path': #" + std::to_string(step);
      worker.enabled = random() % 3 != 0;
      text = with_worker(text, worker, "").text;
      expected.push_back(worker);
    } else {
      const auto which = expected.begin() + static_cast<std::ptrdiff_t>(random() % expected.size());
      text = without_worker(text, which->name, "").text;
      expected.erase(which);
    }
    ASSERT_EQ(workers_in(text, ""), expected) << text;
  }
}

class WorkersFile : public testing::Test {
 protected:
  void SetUp() override { setenv("BERTH_WORKERS", file().c_str(), 1); }
  void TearDown() override { setenv("BERTH_WORKERS", "/dev/null", 1); }
  std::filesystem::path file() const { return folder_.path() / "config" / "workers.yaml"; }

  test::TemporaryFolder folder_;
};

TEST_F(WorkersFile, IsMadeWithItsFolder) {
  EXPECT_EQ(workers_file(), file());
  EXPECT_FALSE(add_worker_to(workers_file(), den));
  EXPECT_THAT(known_workers(), ElementsAre(den));
  EXPECT_THAT(read_text_file(file()), HasSubstr("# Workers that Berth asks"));
  EXPECT_FALSE(remove_worker_from(workers_file(), "den"));
  EXPECT_THAT(known_workers(), IsEmpty());
}

TEST_F(WorkersFile, LosesNothingWhereSeveralChangeItAndThereIsNoRunFolder) {
  const std::string before = std::getenv("BERTH_RUN_DIR") == nullptr ? "" : std::getenv("BERTH_RUN_DIR");
  setenv("BERTH_RUN_DIR", "/proc/none", 1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, name = "w" + std::to_string(i)] { add_worker_to(file(), {name, name + ":1"}); });
  threads.clear();
  before.empty() ? unsetenv("BERTH_RUN_DIR") : setenv("BERTH_RUN_DIR", before.c_str(), 1);
  EXPECT_EQ(known_workers().size(), 8U);
}

TEST_F(WorkersFile, ThatIsALinkStaysOne) {
  std::filesystem::create_directories(file().parent_path());
  std::ofstream(folder_.path() / "mine.yaml") << two_workers;
  std::filesystem::create_symlink("../mine.yaml", file());
  add_worker_to(file(), shed);
  EXPECT_TRUE(std::filesystem::is_symlink(file()));
  EXPECT_THAT(known_workers(folder_.path() / "mine.yaml"), ElementsAre(den, attic, shed));
}

TEST_F(WorkersFile, NamesThoseThatAreAskedBehindTheEnvironment) {
  add_worker_to(file(), den);
  add_worker_to(file(), attic);
  add_worker_to(file(), shed);
  setenv("BERTH_RPC", "first:1,[fe80::1]:7", 1);
  const auto options = DiscoverOptions::from_environment();
  unsetenv("BERTH_RPC");
  EXPECT_THAT(options.rpc_endpoints, ElementsAre("first:1", "[fe80::1]:7", "192.168.1.5:50052", "[fe80::1]:7"));
  EXPECT_EQ(*options.rpc_names.find("[fe80::1]:7"), "shed");
  EXPECT_EQ(options.rpc_names.find("attic:50052"), nullptr) << "not enabled";
}

TEST_F(WorkersFile, NamesTheKeysForAWorker) {
  add_worker_to(file(), {.name = "far", .endpoint = "tls://far:1", .keys = "~/far.pem"});
  const auto of_list = net::TlsKeys::bundle(std::filesystem::path(std::getenv("HOME")) / "far.pem");
  EXPECT_EQ(discovery::keys_of_client("tls://far:1"), of_list);
  EXPECT_NE(discovery::keys_of_client("tls://other:1"), of_list);
  std::ofstream(file()) << "no list";
  EXPECT_NE(discovery::keys_of_client("tls://far:1"), of_list);
}

TEST(WorkersFilePath, FollowsTheEnvironment) {
  const std::string home = std::getenv("HOME");
  unsetenv("BERTH_WORKERS");
  setenv("XDG_CONFIG_HOME", "/x", 1);
  EXPECT_EQ(workers_file(), "/x/berth/workers.yaml");
  setenv("XDG_CONFIG_HOME", "relative", 1);
  setenv("HOME", "/home/ada", 1);
  EXPECT_EQ(workers_file(), "/home/ada/.config/berth/workers.yaml");
  unsetenv("HOME");
  EXPECT_EQ(workers_file(), "");
  EXPECT_THROW(add_worker_to(workers_file(), den), std::runtime_error);
  unsetenv("XDG_CONFIG_HOME");
  setenv("HOME", home.c_str(), 1);
  setenv("BERTH_WORKERS", "/dev/null", 1);
}

}  // namespace
}  // namespace berth
