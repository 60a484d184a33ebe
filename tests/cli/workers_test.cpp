/// `berth workers`: a list that is kept, and workers that are asked.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "berth/value.h"
#include "cli/process.h"
#include "real_worker.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class WorkersCommand : public testing::Test {
 protected:
  Outcome workers(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "workers");
    return berth_command(std::move(arguments), options());
  }
  ProcessOptions options() const {
    return {
        .environment = {{"BERTH_WORKERS", file().string()}, {"BERTH_PROBES", "cpu,rpc"}, {"BERTH_RPC", std::nullopt}}};
  }
  std::filesystem::path file() const { return folder_.path() / "workers.yaml"; }
  std::string text() const {
    std::stringstream text;
    text << std::ifstream(file()).rdbuf();
    return text.str();
  }

  TemporaryFolder folder_;
};

TEST_F(WorkersCommand, KeepsAList) {
  EXPECT_THAT(workers({"list"}).out, HasSubstr("has no workers"));
  const auto added = workers({"add", "den", "192.168.1.5:50052"});
  EXPECT_EQ(added.exit_code, 0) << added.err;
  EXPECT_THAT(added.out, AllOf(HasSubstr("workers.yaml"), HasSubstr("berth workers check den")));
  EXPECT_EQ(workers({"add", "attic", "attic:7", "--keys", "a.keys"}).exit_code, 0);
  std::ofstream(file(), std::ios::app) << "  enabled: false  # in summer\n";
  EXPECT_EQ(workers({"list"}).out, "den 192.168.1.5:50052\nattic attic:7, keys in a.keys, not enabled\n");
  const auto list = Value::from_json(workers({"list", "--json"}).out).as_array();
  EXPECT_EQ(list.at(1),
            (Value::Object{{"name", "attic"}, {"endpoint", "attic:7"}, {"keys", "a.keys"}, {"enabled", false}}));

  const auto removed = workers({"remove", "den"});
  EXPECT_EQ(removed.exit_code, 0);
  EXPECT_EQ(removed.err, "");
  EXPECT_THAT(text(), AllOf(HasSubstr("# in summer"), Not(HasSubstr("den"))));
}

TEST_F(WorkersCommand, SaysWhatIsWrong) {
  EXPECT_EQ(workers({}).exit_code, 2);
  EXPECT_EQ(workers({"add", "den"}).exit_code, 2);
  const auto no_port = workers({"add", "den", "192.168.1.5"});
  EXPECT_EQ(no_port.exit_code, 2);
  EXPECT_THAT(no_port.err, HasSubstr("has no port"));
  EXPECT_EQ(workers({"add", "den", "a:1"}).exit_code, 0);
  EXPECT_THAT(workers({"add", "den", "b:1"}).err, HasSubstr("den is there already, at a:1"));
  EXPECT_THAT(workers({"remove", "nobody"}).err, HasSubstr("no worker 'nobody' in the list; it has den"));
  EXPECT_EQ(workers({"check", "nobody"}).exit_code, 2);
  EXPECT_THAT(berth_command({"workers", "add", "den", "a:1"}, {.environment = {{"BERTH_WORKERS", "/dev/null"}}}).err,
              HasSubstr("/dev/null holds no list of workers"));

  std::ofstream(file()) << "workers:\n- name: den\n  endpoint: nonsense\n";
  for (const auto& arguments : {std::vector<std::string>{"workers", "list"}, {"devices"}, {"resolve", "cuda"}}) {
    const auto outcome = berth_command(arguments, options());
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("workers.yaml: line 2"), HasSubstr("nonsense")));
  }
}

TEST_F(WorkersCommand, WarnsThatCommentsAreLost) {
  std::ofstream(file()) << "workers: [{name: den, endpoint: 'a:1'}]  # mine\n";
  EXPECT_THAT(workers({"add", "attic", "b:1"}).err, HasSubstr("its comments are lost"));
  EXPECT_EQ(workers({"list"}).out, "den a:1\nattic b:1\n");
}

TEST_F(WorkersCommand, NamesThemToShells) {
  workers({"add", "den", "a:1"});
  workers({"add", "attic", "b:1"});
  const auto offered = [&](const std::string& command) {
    return berth_command({"complete", "--", "workers", command, ""}, options()).out;
  };
  EXPECT_THAT(offered("remove"), AllOf(HasSubstr("den\n"), HasSubstr("attic\n")));
  EXPECT_THAT(offered("check"), HasSubstr("den\n"));
  std::ofstream(file()) << "no list";
  EXPECT_EQ(offered("remove"), "");
}

#ifdef BERTH_TEST_RPC_WORKER
TEST_F(WorkersCommand, AsksThem) {
  const RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto nobody = free_endpoint();
  workers({"add", "den", worker.endpoint()});
  workers({"add", "gone", nobody});
  const auto good = workers({"check", "den"});
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_THAT(good.out, AllOf(HasSubstr("den (" + worker.endpoint() + "): ok, "), HasSubstr("B/s, protocol 7."),
                              HasSubstr("device 0: "), HasSubstr("free of")));
  const auto both = workers({"check", "--json"});
  EXPECT_EQ(both.exit_code, 1);
  EXPECT_LT(both.seconds, 30);
  const auto answers = Value::from_json(both.out).as_array();
  EXPECT_EQ(answers.at(0).find("ok")->as_bool(), true);
  EXPECT_GT(answers.at(0).find("bytes_per_s")->as_double(), 1e6);
  EXPECT_GT(answers.at(0).find("latency_us")->as_double(), 0);
  EXPECT_EQ(answers.at(1).find("ok")->as_bool(), false);
  EXPECT_THAT(answers.at(1).find("problem")->as_string(), HasSubstr("cannot be reached"));
}

TEST_F(WorkersCommand, MakesThemDevicesBehindThoseOfTheEnvironment) {
  const RealWorker first(BERTH_TEST_RPC_WORKER);
  const RealWorker second(BERTH_TEST_RPC_WORKER);
  workers({"add", "den", second.endpoint()});
  workers({"add", "same", first.endpoint()});
  auto both = options();
  both.environment["BERTH_RPC"] = first.endpoint();
  const auto document = Value::from_json(berth_command({"devices", "--json"}, both).out);
  std::vector<std::string> seen;
  for (const auto& device : document.find("devices")->as_array())
    if (const auto* remote = device.find("remote"))
      seen.push_back(device.find("device")->as_string() + " " + remote->find("name")->as_string() + " " +
                     remote->find("endpoint")->as_string());
  EXPECT_THAT(seen, testing::ElementsAre("rpc:0 same " + first.endpoint(), "rpc:1 den " + second.endpoint()));
  EXPECT_THAT(berth_command({"devices", "--explain"}, options()).out,
              AllOf(HasSubstr("RPC worker den"), HasSubstr("den at " + second.endpoint())));
  EXPECT_EQ(berth_command({"resolve", "rpc:1"}, options()).exit_code, 0);
}
#endif

}  // namespace
}  // namespace berth::test
