#include <gmock/gmock.h>

#include "berth/plan.h"
#include "plan/plan_value_fields.h"
#include "random_values.h"
#include "schema.h"

namespace berth {
namespace {

using test::expect_described;
using test::schema_problems;
using testing::Each;

Value plan_schema() { return test::json_file("../../docs/plan.schema.json"); }

Plan random_plan(test::Random& random) {
  const auto bytes = [&] { return static_cast<std::uint64_t>(random.below(1'000'000)) << random.below(20); };
  Plan plan{.outcome = random.coin() ? PlanOutcome::fits : PlanOutcome::does_not_fit};
  int next = 0;
  for (int i = random.below(4); i > 0; --i) {
    plan.placement.layers.push_back({next, 1 + random.below(20), random.device()});
    next += plan.placement.layers.back().count;
  }
  plan.placement.output = random.device();
  for (int i = random.below(3); i > 0; --i)
    plan.placement.tensors.set("blk." + std::to_string(i) + ".x", random.device());
  plan.context = {.n_ctx = random.below(1 << 20), .n_seq = 1 + random.below(8), .unified = random.coin()};
  if (random.coin()) plan.context.type_k = "Q8_0";
  if (random.coin()) plan.context.flash_attention = FlashAttention::off;
  for (int i = random.below(4); i > 0; --i) {
    DeviceUse use{.device = random.device(), .pool = "ram", .weights = bytes(), .cache = bytes(), .compute = bytes()};
    if (random.coin()) use.key = {.pci_id = "0000:65:00.0", .number = 3, .engines = {{"llama.cpp", "CUDA0"}}};
    plan.use.push_back(use);
  }
  if (random.coin()) plan.predicted = PredictedSpeed{random.below(1000) / 8.0, random.coin(), random.coin(), "cpu"};
  plan.exact = random.coin();
  if (random.coin()) plan.companions.push_back({CompanionKind::draft, "small draft.gguf", "llama", random.device()});
  if (random.coin()) plan.companions.push_back({CompanionKind::adapter, "lora.gguf"});
  if (random.coin()) plan.missing.push_back({random.device(), "ram", bytes(), bytes()});
  if (random.coin()) plan.changes.push_back({.what = "context", .n_ctx = random.below(4096)});
  if (random.coin()) plan.changes.push_back({.what = "cache_type", .cache_type = "Q4_0"});
  if (random.coin()) plan.changes.push_back({.what = "quantization", .bytes = bytes()});
  if (random.coin()) plan.changes.push_back({.what = "device", .bytes = bytes()});
  for (int i = random.below(3); i > 0; --i) plan.reasons.push_back({"layers 0 to 3", "on cpu"});
  return plan;
}

TEST(PlanSchema, HasTheNamesThatAreWritten) {
  const Value all = plan_schema();
  const auto definition = [&](const char* name) { return all.find("$defs")->as_object().at(name); };
  expect_described<Plan>(all);
  expect_described<Placement>(definition("Placement"));
  expect_described<LayerRun>(definition("LayerRun"));
  expect_described<ContextSpec>(definition("ContextSpec"));
  expect_described<DeviceUse>(definition("DeviceUse"));
  expect_described<DeviceKey>(definition("DeviceKey"));
  expect_described<DeviceName>(definition("DeviceName"));
  expect_described<PlacedCompanion>(definition("PlacedCompanion"));
  expect_described<PredictedSpeed>(definition("PredictedSpeed"));
  expect_described<Shortfall>(definition("Shortfall"));
  expect_described<PlanChange>(definition("PlanChange"));
  expect_described<Reason>(definition("Reason"));
}

TEST(PlanSchema, HoldsForWhatIsWritten) {
  test::Random random(2);
  std::vector<Value> documents;
  for (int i = 0; i < 60; ++i) {
    const auto plan = random_plan(random);
    documents.push_back(plan.to_dict());
    EXPECT_EQ(Plan::from_dict(Value::from_json(documents.back().to_json())), plan);
  }
  EXPECT_THAT(schema_problems(plan_schema(), documents), Each(""));
}

TEST(PlanSchema, RefusesWhatTheReaderRefuses) {
  Plan plan{.outcome = PlanOutcome::fits,
            .placement = {.layers = {{0, 4, Device::gpu()}}, .output = Device::gpu()},
            .context = {.n_ctx = 4096, .n_seq = 2},
            .use = {{.device = Device::gpu(), .weights = 77}},
            .companions = {{CompanionKind::projector, "mmproj.gguf", "clip", Device::gpu()}},
            .predicted = PredictedSpeed{1.5, true, false, "cpu"}};
  const auto with = [&](const std::string& what, const std::string& instead) {
    auto text = plan.to_dict().to_json();
    EXPECT_NE(text.find(what), text.npos) << what << " in " << text;
    return Value::from_json(text.replace(text.find(what), what.size(), instead));
  };
  const std::vector<Value> documents = {
      Value::Object{},
      Value::Array{},
      with("\"fits\"", "\"perhaps\""),
      with("\"count\": 4", "\"count\": 0"),
      with("\"count\": 4", "\"count\": 4294967296"),
      with("\"first\": 0", "\"first\": -1"),
      with("\"output\": \"cuda:0\"", "\"output\": \"gpu\""),
      with("\"n_ctx\": 4096", "\"n_ctx\": \"4096\""),
      with("\"n_seq\": 2", "\"n_seq\": 0"),
      with("\"weights\": 77", "\"weights\": -77"),
      with("\"weights\": 77, ", ""),
      with("\"measured\": true", "\"measured\": 1"),
      with("\"projector\"", "\"painter\""),
      with("\"path\": \"mmproj.gguf\", ", ""),
  };
  EXPECT_THAT(schema_problems(plan_schema(), documents), Each(testing::Ne("")));
  for (const auto& document : documents)
    EXPECT_THROW(Plan::from_dict(document), std::invalid_argument) << document.to_json();
}

}  // namespace
}  // namespace berth
