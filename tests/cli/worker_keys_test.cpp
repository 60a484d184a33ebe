/// `berth worker keys`, and a worker that serves those who have one.
#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>

#include "cli/process.h"
#include "real_worker.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class WorkerKeys : public testing::Test {
 protected:
  Outcome keys(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"worker", "keys"});
    return berth_command(std::move(arguments), here());
  }
  ProcessOptions here() const {
    return {.environment = {{"XDG_CONFIG_HOME", folder_.path().string()}}, .folder = folder_.path().string()};
  }

  TemporaryFolder folder_;
};

TEST_F(WorkerKeys, AreMadeListedAndRevoked) {
  EXPECT_THAT(keys({"init", "--host", "127.0.0.1"}).out, HasSubstr((folder_.path() / "berth" / "keys").string()));
  EXPECT_THAT(keys({"init"}).err, HasSubstr("is there already"));
  EXPECT_THAT(keys({"add", "laptop"}).out, AllOf(HasSubstr("laptop.pem"), HasSubstr("BERTH_WORKER_KEY=laptop.pem")));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "laptop.pem"));
  EXPECT_THAT(keys({"add", "second", "--worker", "-o", "2.pem"}).out, HasSubstr("--tls-cert 2.pem"));
  EXPECT_THAT(keys({"revoke", "laptop"}).out, AllOf(HasSubstr("laptop is refused here from now on"),
                                                    HasSubstr("Workers on other machines"), HasSubstr("--tls-crl")));
  EXPECT_THAT(keys({"revoke", "second"}).out, HasSubstr("Programs on other machines"));
  EXPECT_THAT(keys({"list"}).out, AllOf(HasSubstr("laptop                   client  until 20"),
                                        HasSubstr(", revoked\n"), HasSubstr("second                   worker")));
  EXPECT_EQ(keys({"revoke", "nonesuch"}).exit_code, 1);
  EXPECT_THAT(keys({"revoke", "nonesuch"}).err, HasSubstr("there is no key 'nonesuch'"));
  EXPECT_EQ(keys({"add"}).exit_code, 2);
  EXPECT_EQ(keys({}).exit_code, 2);
}

TEST_F(WorkerKeys, AreNeededBeyondThisMachine) {
  EXPECT_THAT(berth_command({"worker", "--listen", "0.0.0.0:50052"}, here()).err, HasSubstr("berth worker keys init"));
  EXPECT_THAT(berth_command({"worker", "--tls"}, here()).err,
              AllOf(HasSubstr("worker.pem"), HasSubstr("berth worker keys init")));
  EXPECT_EQ(berth_command({"worker", "--tls", "--unprotected"}, here()).exit_code, 2);
  EXPECT_EQ(berth_command({"worker", "--tls-ca", "ca.pem"}, here()).exit_code, 2);
  EXPECT_EQ(berth_command({"worker", "--connections", "0"}, here()).exit_code, 2);
  EXPECT_THAT(berth_command({"worker", "--listen", "tls://127.0.0.1:1"}, here()).err, HasSubstr("--tls"));
}

#ifdef BERTH_TEST_RPC_WORKER
TEST_F(WorkerKeys, LetTheirHoldersIn) {
  keys({"init"});
  keys({"add", "laptop"});
  const auto endpoint = free_endpoint();
  auto anywhere = endpoint;
  anywhere.replace(0, anywhere.find(':'), "0.0.0.0");
  Process worker({"worker", "--listen", anywhere, "--threads", "1"}, here());
  ASSERT_TRUE(worker.wait_for("BERTH_RPC=tls://"));
  const auto devices = [&](const std::string& key) {
    return berth_command({"devices", "--probes", "cpu,rpc", "--rpc", "tls://" + endpoint},
                         {.environment = {{"BERTH_WORKER_KEY", key}}});
  };
  EXPECT_THAT(devices((folder_.path() / "laptop.pem").string()).out, HasSubstr("rpc:0"));
  EXPECT_THAT(devices("/nonesuch.pem").out, testing::Not(HasSubstr("rpc:0")));
  worker.send(SIGTERM);
  EXPECT_EQ(worker.wait().exit_code, 128 + SIGTERM);
}
#endif

}  // namespace
}  // namespace berth::test
