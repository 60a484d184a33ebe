/// Models on a worker's device: what the inventory lists as usable can be loaded.
#include <gmock/gmock.h>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/resolve.h"
#include "real_worker.h"
#include "test_model.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Device rpc0(DeviceType::rpc, 0);

Inventory machine_with(const std::string& endpoint) {
  DiscoverOptions options;
  options.probes = {"cpu", "rpc"};
  options.probe_timeout = std::chrono::seconds(60);
  options.rpc_endpoints = {endpoint};
  return discover(options);
}

std::string worker_refusal(const LoadRequest& request) {
  try {
    engine("llama.cpp").load(request);
  } catch (const EngineError& problem) {
    return problem.what();
  }
  return "was accepted";
}

TEST(Worker, RunsWhatTheInventoryOffersAsTheCpuDoes) {
  BERTH_NEEDS_MODEL();
  const test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto machine = machine_with(worker.endpoint());
  const auto* info = machine.find(rpc0);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->engines, (std::vector<DeviceName>{{"llama.cpp", worker.endpoint() + "/0"}}));

  const auto where = resolve(rpc0, machine, {.engines = {"llama.cpp"}});
  EXPECT_EQ(where.str(), "rpc:0: taken, given");
  const auto model =
      engine("llama.cpp").load({.model = test::model_path(), .device = where.device, .keys = where.keys});
  EXPECT_EQ(model->info().where(), "rpc:0");
  const auto session = model->new_session();
  const GenerationRequest request{.prompts = {"One, two, three,"}, .options = {.max_new_tokens = 8}};
  const auto there = session->generate(request).completions[0].text;
  const auto here = engine("llama.cpp").load({.model = test::model_path()})->new_session()->generate(request);
  EXPECT_EQ(there, here.completions[0].text);

  const auto uses = model->memory();
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[1].device, rpc0);
  EXPECT_EQ(uses[1].key, info->key());
  EXPECT_EQ(uses[1].pool, info->pool);
  EXPECT_EQ(uses[0].pool, "ram");
  EXPECT_GT(uses[1].weights, model->info().weight_bytes / 2);
  EXPECT_GT(uses[1].cache, 0U);
  EXPECT_GT(uses[1].compute, 0U);
  EXPECT_EQ(uses[0].cache, 0U) << "the cache of a layer lies where the layer does";
}

TEST(Worker, ThatIsGoneBeforeTheLoadIsOutlivedOrRefusedBeforeGgmlEndsTheProcess) {
  BERTH_NEEDS_MODEL();
  std::string endpoint;
  LoadRequest request{.model = test::model_path(), .device = rpc0, .context = ContextSpec{.n_ctx = 512}};
  {
    test::RealWorker worker(BERTH_TEST_RPC_WORKER);
    endpoint = worker.endpoint();
    request.keys = machine_with(endpoint).keys(rpc0);
  }
  std::vector<std::string> warnings;
  LoadContext context;
  context.log = [&](LogLevel, std::string_view what) { warnings.emplace_back(what); };
  EXPECT_EQ(engine("llama.cpp").load(request, context)->info().keys.find("rpc:0"), nullptr);
  EXPECT_THAT(warnings, testing::Contains(AllOf(HasSubstr("rpc:0 (" + endpoint), HasSubstr("cannot be reached"),
                                                HasSubstr("going on on"))));
  request.max_recoveries = 0;
  EXPECT_THAT(worker_refusal(request), AllOf(HasSubstr("rpc:0"), HasSubstr(endpoint), HasSubstr("cannot be reached")));
}

TEST(Worker, HasNoMoreDevicesThanItSays) {
  const test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  EXPECT_THAT(
      worker_refusal(
          {.model = "any.gguf", .device = rpc0, .keys = {{"rpc:0", {.endpoint = worker.endpoint(), .number = 3}}}}),
      AllOf(HasSubstr("has no device 3"), HasSubstr("it has 1")));
}

TEST(Worker, AtAnEndpointThatGgmlCannotReadIsRefused) {
  const auto at = [](const std::string& endpoint) {
    return worker_refusal({.model = "any.gguf", .device = rpc0, .keys = {{"rpc:0", {.endpoint = endpoint}}}});
  };
  EXPECT_THAT(at("::1:50052"), HasSubstr("an IPv6 address stands in brackets"));
  EXPECT_THAT(at("nonsense"), HasSubstr("has no port"));
}

}  // namespace
}  // namespace berth
#endif
