/// Device maps of encoders: which tensor lies where, what is refused, and that the placement does not show in the result.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "berth/device_map_plan.h"
#include "berth/encoder.h"
#include "berth/error.h"
#include "berth/inventory.h"
#include "berth/model.h"
#include "berth/module_tree.h"
#include "berth/simulated.h"
#include "encoder_cases.h"
#include "real_worker.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::filesystem::path mapped_encoders = BERTH_TEST_DATA_DIR "/encoders";

std::string map_refusal(const std::string& name, const DeviceMap& map) {
  return test::refusal([&] { load_encoder({.model = mapped_encoders / name, .device = map}); });
}

TEST(EncoderMap, NamesModulesWithAndWithoutTheBaseModel) {
  const auto cpu = Device::cpu();
  EXPECT_EQ(map_refusal("bert_nli", {{"", cpu}}), "was accepted");
  EXPECT_EQ(map_refusal("bert_nli", {{"bert", cpu}, {"classifier", cpu}}), "was accepted");
  EXPECT_EQ(map_refusal("bert_nli", {{"embeddings", cpu}, {"encoder", cpu}, {"pooler", cpu}, {"classifier", cpu}}),
            "was accepted");
  EXPECT_EQ(map_refusal("bert_model", {{"bert.embeddings", cpu}, {"bert.encoder", cpu}, {"bert.pooler", cpu}}),
            "was accepted");
  EXPECT_EQ(map_refusal("bert_nli", {{"bert", cpu}, {"dropout", cpu}, {"classifier", cpu}}), "was accepted")
      << "accelerate names modules without weights";
}

TEST(EncoderMap, MayBeAnyThatIsPlannedForAFolder) {
  for (const auto& entry : std::filesystem::directory_iterator(mapped_encoders)) {
    const auto folder = entry.path() / (std::filesystem::exists(entry.path() / "0_Transformer") ? "0_Transformer" : "");
    if (!std::filesystem::exists(folder / "config.json")) continue;
    const auto profile = read_model(folder);
    for (const auto strategy : {MapStrategy::optimal, MapStrategy::sequential})
      for (const std::uint64_t part : {8U, 3U, 1U}) {
        const auto budget = profile.tensor_bytes / part;
        const auto plan = plan_device_map(
            module_tree_of(profile),
            {.strategy = strategy,
             .max_memory = {{Device::gpu(0), budget / 2}, {Device::gpu(1), budget}, {Device::cpu(), 1 << 30}}});
        DeviceMap map;
        for (const auto& [name, device] : plan.device_map) map.set(name, Device::cpu());
        EXPECT_EQ(test::refusal([&] { load_encoder({.model = folder, .device = map}); }), "was accepted") << folder;
      }
  }
}

TEST(EncoderMap, ThatLeavesSomethingOutIsRefused) {
  const auto cpu = Device::cpu();
  EXPECT_THAT(map_refusal("bert_nli", {{"bert", cpu}}),
              AllOf(HasSubstr("leaves out 2 of"), HasSubstr("classifier.weight"), HasSubstr("everything else")));
  EXPECT_THAT(map_refusal("bert_nli", {{"bert.encoder.layer.1", cpu}, {"classifier", cpu}}),
              AllOf(HasSubstr("leaves out"), HasSubstr(", ...")));
  EXPECT_THAT(map_refusal("bert_nli", {}), HasSubstr("empty"));
}

TEST(EncoderMap, ThatNamesNoModuleIsRefusedWithTheNearest) {
  const auto cpu = Device::cpu();
  EXPECT_THAT(map_refusal("bert_nli", {{"", cpu}, {"bert.encoder.layers.1", cpu}}),
              AllOf(HasSubstr("'bert.encoder.layers.1'"), HasSubstr("did you mean 'bert.encoder.layer.1'")));
  EXPECT_THAT(map_refusal("bert_nli", {{"", cpu}, {"bert.encoder.layer.2", cpu}}), HasSubstr("does not have"));
  EXPECT_THAT(map_refusal("bert_nli", {{"", cpu}, {"transformer.h.11.mlp", cpu}}),
              HasSubstr("its modules are such as"));
  EXPECT_THAT(map_refusal("bert_nli", {{"", cpu}, {"bert.enc", cpu}}), HasSubstr("does not have"));
}

TEST(EncoderMap, RefusesTheDiskAndDevicesThatAreNotThere) {
  EXPECT_THAT(map_refusal("bert_nli", {{"bert", Device::cpu()}, {"classifier", Device::disk()}}),
              AllOf(HasSubstr("'classifier'"), HasSubstr("disk")));
  const auto unknown = test::refusal<EngineError>([] {
    load_encoder({.model = mapped_encoders / "bert_nli", .device = DeviceMap{{"", Device::gpu(3)}}});
  });
  EXPECT_THAT(unknown, AllOf(HasSubstr("cuda:3"), HasSubstr("give its key")));
}

double largest_gap(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
  return largest;
}

EncodeRequest several_sequences(const EncoderInfo& info) {
  EncodeRequest request{.outputs = {EncoderOutput::hidden_states}};
  if (info.task != EncoderTask::none) request.outputs.push_back(EncoderOutput::logits);
  for (const int length : {1, 5, 5, 23, 11}) {
    request.token_ids.emplace_back();
    for (int i = 0; i < length; ++i) request.token_ids.back().push_back(3 + (7 * i + length) % 36);
  }
  return request;
}

TEST(EncoderMap, OverSimulatedDevicesGivesWhatTheCpuGives) {
  const auto machine = simulate("cpu:8GiB,vulkan:2x1GiB");
  use_simulated(machine);
  const Device first(DeviceType::vulkan, 0);
  const Device second(DeviceType::vulkan, 1);
  const DeviceMap map{{"", first}, {"encoder.layer.1", second}, {"classifier", Device::cpu()}};
  for (const auto* name : {"mpnet_nli", "deberta_nli", "deberta_v3_nli", "bert_ner"}) {
    const auto here = load_encoder({.model = mapped_encoders / name});
    const auto there = load_encoder({.model = mapped_encoders / name, .device = map, .keys = machine.keys(map)});
    const auto request = several_sequences(here->info());
    const auto expected = here->encode(request);
    const auto result = there->encode(request);
    EXPECT_LE(largest_gap(result.hidden_states.values, expected.hidden_states.values), 1e-5) << name;
    EXPECT_LE(largest_gap(result.logits.values, expected.logits.values), 1e-5) << name;
    const auto uses = there->memory();
    ASSERT_EQ(uses.size(), 3U);
    EXPECT_EQ(uses[2].device, second);
    EXPECT_GT(uses[2].weights, 0U);
    EXPECT_GT(uses[2].compute, 0U);
  }
}

#ifdef BERTH_TEST_RPC_WORKER

const Device worker_device(DeviceType::rpc, 0);

TEST(EncoderMap, OverCpuAndWorkerGivesWhatTheCpuGives) {
  const test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto cpu = Device::cpu();
  const OrderedMap<DeviceKey> keys{{"rpc:0", {.endpoint = worker.endpoint(), .pool = "worker"}}};
  const std::vector<std::pair<std::string, ComponentDevice>> placements = {
      {"bert_nli", worker_device},
      {"bert_nli", DeviceMap{{"", cpu}, {"bert.encoder.layer.1", worker_device}}},
      {"bert_nli", DeviceMap{{"", worker_device}, {"bert.encoder.layer.1", cpu}}},
      {"bert_nli", DeviceMap{{"", cpu}, {"bert.encoder.layer.0.attention.self.query", worker_device}}},
      {"bert_mlm", DeviceMap{{"", cpu}, {"bert.embeddings", worker_device}}},
      {"modernbert_nli", DeviceMap{{"", worker_device}, {"model.layers.1", cpu}, {"classifier", cpu}}},
      {"mpnet_nli", DeviceMap{{"", cpu}, {"mpnet.encoder.layer", worker_device}}},
      {"deberta_v2_ner", DeviceMap{{"", worker_device}, {"deberta.encoder.layer.0", cpu}}}};
  for (const auto& [name, device] : placements) {
    const auto here = load_encoder({.model = mapped_encoders / name});
    const auto there = load_encoder({.model = mapped_encoders / name, .device = device, .keys = keys});
    const auto request = several_sequences(here->info());
    const auto expected = here->encode(request);
    const auto result = there->encode(request);
    EXPECT_LE(largest_gap(result.hidden_states.values, expected.hidden_states.values), 1e-5) << name << device.str();
    EXPECT_LE(largest_gap(result.logits.values, expected.logits.values), 1e-5) << name << device.str();
    const auto uses = there->memory();
    ASSERT_EQ(uses.size(), 2U);
    EXPECT_EQ(uses[1].device, worker_device);
    EXPECT_EQ(uses[1].pool, "worker");
    EXPECT_GT(uses[1].weights, 0U);
    EXPECT_EQ(uses[0].weights + uses[1].weights, there->info().weight_bytes);
  }
}

TEST(EncoderMap, RotatesFarTokensOnAWorkerAsTransformersDoes) {
  const test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const OrderedMap<DeviceKey> keys{{"rpc:0", {.endpoint = worker.endpoint(), .pool = "worker"}}};
  const auto path = mapped_encoders / "modernbert_long";
  const auto model = load_encoder({.model = path, .device = worker_device, .keys = keys});
  test::EncoderComparison comparison(*model, test::read_json_file(path.string() + ".expected.json"));
  EXPECT_LE(comparison.run(), test::encoder_tolerance) << comparison.where();
}

TEST(EncoderMap, PutsEachTensorWhereItSays) {
  const test::RealWorker worker(BERTH_TEST_RPC_WORKER);
  const auto model = load_encoder({.model = mapped_encoders / "bert_nli",
                                   .device = DeviceMap{{"bert", Device::cpu()},
                                                       {"bert.encoder.layer.1", worker_device},
                                                       {"encoder.layer.1.output", Device::cpu()},
                                                       {"classifier", worker_device}},
                                   .keys = {{"rpc:0", {.endpoint = worker.endpoint()}}}});
  const auto& placement = model->placement();
  EXPECT_EQ(placement.at("bert.embeddings.word_embeddings.weight"), Device::cpu());
  EXPECT_EQ(placement.at("bert.encoder.layer.1.intermediate.dense.weight"), worker_device);
  EXPECT_EQ(placement.at("bert.encoder.layer.1.output.dense.weight"), Device::cpu());
  EXPECT_EQ(placement.at("classifier.bias"), worker_device);
}

#endif

}  // namespace
}  // namespace berth
