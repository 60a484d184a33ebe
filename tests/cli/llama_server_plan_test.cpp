/// The flags of a plan in a real llama-server: they give the bytes that were planned.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "berth/memory.h"
#include "berth/plan_export.h"
#include "real_worker.h"
#include "remote/llama_server.h"

#ifdef BERTH_TEST_RPC_WORKER
namespace berth {
namespace {

/// The MiB of a buffer in what llama-server writes: "RPC0[127.0.0.1:7791] model buffer size =    43.49 MiB". `device` is
/// a part of what stands before "model".
double buffer_in(const std::string& log, const std::string& device, const std::string& kind) {
  for (auto at = log.find(kind + " buffer size ="); at != log.npos; at = log.find(kind + " buffer size =", at + 1)) {
    const auto line = log.rfind('\n', at) + 1;
    if (log.substr(line, at - line).find(device) != std::string::npos)
      return std::stod(log.substr(log.find('=', at) + 1));
  }
  return -1;
}

double planned_mib(const MemoryUse& use, const Device& device, BufferKind kind) {
  std::uint64_t bytes = 0;
  for (const auto& buffer : use.buffers)
    if (buffer.device == device && buffer.kind == kind) bytes += buffer.bytes;
  return static_cast<double>(bytes) / (1 << 20);
}

/// What a shell takes to start llama-server on some port, with all that it writes on one stream.
std::vector<std::string> server_with(std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"-c", R"(exec "$0" "$@" 2>&1)", BERTH_TEST_LLAMA_SERVER});
  flags.insert(flags.end(), {"--host", "127.0.0.1", "--port", "0", "--verbose"});
  return flags;
}

TEST(LlamaServerPlan, FlagsGiveTheBytesOfThePlan) {
  BERTH_NEEDS_LLAMA_SERVER();
  const test::RealWorker first(BERTH_TEST_RPC_WORKER);
  const test::RealWorker second(BERTH_TEST_RPC_WORKER);
  DiscoverOptions look;
  look.probes = {"cpu", "rpc"};
  look.probe_timeout = std::chrono::seconds(60);
  look.rpc_endpoints = {first.endpoint(), second.endpoint()};  // they answer nobody else once the server has them
  const auto machine = discover(look);
  const auto profile = read_model(test::model_path());
  const std::vector<Device> workers = {Device(DeviceType::rpc, 0), Device(DeviceType::rpc, 1)};
  const auto plan =
      make_plan(profile, machine,
                {.context = {.n_ctx = 512}, .max_memory = {{workers[0], 40U << 20U}, {workers[1], 60U << 20U}}});
  ASSERT_EQ(plan.placement.layers.size(), 3U) << plan.to_dict().to_json();

  test::Process server(server_with(to_llama_cpp(plan, profile, machine)), {.program = "/bin/sh"});
  ASSERT_TRUE(server.wait_for("listening on")) << server.wait().out;
  const auto& log = server.output();

  // What it reserves; batches of few tokens come when it runs.
  const auto use = memory_use(profile, plan.placement, plan.context, {.n_outputs_max = plan.context.n_seq});
  constexpr double rounding = 0.0051;
  for (const auto& [name, device] :
       {std::pair(look.rpc_endpoints[0], workers[0]), std::pair(look.rpc_endpoints[1], workers[1]),
        std::pair(std::string(" CPU "), Device::cpu())}) {
    SCOPED_TRACE(name);
    EXPECT_NEAR(buffer_in(log, name, "KV"), planned_mib(use, device, BufferKind::cache), rounding);
    EXPECT_NEAR(buffer_in(log, name, "compute"), planned_mib(use, device, BufferKind::compute), rounding);
    if (device == Device::cpu()) continue;  // it maps a part of the file, with what lies between its tensors
    EXPECT_NEAR(buffer_in(log, name, "model"), planned_mib(use, device, BufferKind::weights), rounding);
  }
  EXPECT_NEAR(buffer_in(log, " CPU ", "output"), planned_mib(use, Device::cpu(), BufferKind::output), rounding);
}

TEST(LlamaServerPlan, FlagsMapWhatThePlanLeavesOnTheDisk) {
  BERTH_NEEDS_LLAMA_SERVER();
  const auto machine = simulate("cpu:60MiB,disk:10GiB");
  const auto profile = read_model(test::model_path());
  const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 512}});
  ASSERT_EQ(plan.placement.layers.front().device, Device::disk()) << plan.to_dict().to_json();
  ASSERT_EQ(plan.placement.layers.size(), 2U);
  test::Process server(server_with(to_llama_cpp(plan, profile, machine)), {.program = "/bin/sh"});
  ASSERT_TRUE(server.wait_for("listening on")) << server.wait().out;
  const auto& log = server.output();
  const auto use = memory_use(profile, plan.placement, plan.context, {.n_outputs_max = plan.context.n_seq});
  constexpr double rounding = 0.0051;
  EXPECT_NEAR(buffer_in(log, " CPU_Mapped ", "model"), static_cast<double>(profile.tensor_bytes) / (1 << 20), 0.1);
  EXPECT_THAT(log, testing::Not(testing::HasSubstr("CPU_REPACK")));
  EXPECT_NEAR(buffer_in(log, " CPU ", "KV"), planned_mib(use, Device::cpu(), BufferKind::cache), rounding);
  EXPECT_NEAR(buffer_in(log, " CPU ", "compute"), planned_mib(use, Device::cpu(), BufferKind::compute), rounding);
}

TEST(LlamaServerPlan, FlagsLoadTheDraftAndUseIt) {
  BERTH_NEEDS_LLAMA_SERVER();
  const auto machine = simulate("cpu:8GiB");
  const auto profile = read_model(test::model_path());
  const auto plan =
      make_plan(profile, machine, {.context = {.n_ctx = 512}, .companions = {{CompanionKind::draft, profile}}});
  test::Process server(server_with(to_llama_cpp(plan, profile, machine)), {.program = "/bin/sh"});
  ASSERT_TRUE(server.wait_for("listening on")) << server.wait().out;
  EXPECT_THAT(server.output(), testing::AllOf(testing::HasSubstr("loading draft model '" + test::model_path().string()),
                                              testing::HasSubstr("adding speculative implementation 'draft-simple'")));
}

}  // namespace
}  // namespace berth
#endif
