/// What the engine says that models would take, against what is computed; files that nobody checked among them.
#include <gmock/gmock.h>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/memory.h"
#include "berth/simulated.h"
#include "corpus/memory_corpus.h"
#include "plan/invented_models.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::HasSubstr;

struct Case {
  const char* model;
  ContextSpec context;
};

/// All layers and the output of a model on one device.
Placement whole_on(const Device& device, const ModelProfile& profile) {
  return {.layers = {{0, static_cast<int>(profile.layers.size()), device}}, .output = device};
}

TEST(EngineMemory, OfModelsWithExpertsIsWhatWasComputedForCuda) {
  const auto machine = simulate("cpu:16GiB,cuda:8GiB");
  use_simulated(machine);
  const test::TemporaryFolder folder;
  for (const auto& [model, context] :
       {Case{"mistral4", {.n_ctx = 1024, .n_seq = 3}}, Case{"ds3", {.n_ctx = 512, .type_k = "Q4_0", .type_v = "Q4_0"}},
        Case{"grok", {.n_ctx = 512, .n_ubatch = 1}}, Case{"afmoe", {.n_ctx = 512, .type_k = "Q4_0", .type_v = "Q4_0"}},
        Case{"jamba", {.n_ctx = 1024}}, Case{"qwen3", {.n_ctx = 512, .type_k = "IQ4_NL", .type_v = "IQ4_NL"}},
        Case{"qwen3moe", {.n_ctx = 512, .type_k = "IQ4_NL"}}}) {
    SCOPED_TRACE(std::string(model) + " " + context.to_dict().to_json());
    const auto path = folder.path() / (std::string(model) + ".gguf");
    test::write_invented_model(model, path);
    const auto profile = read_model(path);
    const auto placement = whole_on(Device::gpu(0), profile);
    OrderedMap<DeviceKey> keys;
    keys.set("cuda:0", machine.find(Device::gpu(0))->key());
    const auto held = engine("llama.cpp").memory(path, placement, context, keys).by_device();
    for (const auto& use : memory_of(profile, placement, context, generation_options(context))) {
      const auto real = std::ranges::find(held, use.device, &DeviceUse::device);
      ASSERT_NE(real, held.end()) << use.device;
      EXPECT_EQ(use.weights, real->weights) << use.device;
      EXPECT_EQ(use.cache, real->cache) << use.device;
      EXPECT_EQ(use.compute, real->compute) << use.device;
    }
  }
}

/// An olmoe whose norms of all heads are those of other heads: llama.cpp asserts that they are not.
TEST(EngineMemory, OfAFileThatEndsLlamaCppIsAnError) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "olmoe.gguf";
  auto model = memory_corpus::read_json(BERTH_TEST_DATA_DIR "/architectures/models/olmoe.json");
  Value::Array entries;
  for (auto entry : model.find("kv")->as_array()) {
    if (entry.as_array()[0].as_string() == "olmoe.attention.head_count_kv") entry.as_array()[2] = 8;
    entries.push_back(std::move(entry));
  }
  Value::Array tensors;
  for (auto tensor : model.find("tensors")->as_array()) {
    const auto& name = tensor.as_array()[0].as_string();
    auto& shape = tensor.as_array()[2].as_array();
    if (name.ends_with("attn_k.weight") || name.ends_with("attn_v.weight"))
      shape[1] = shape[0].as_int() / 16 * 8;  // of 16 heads
    tensors.push_back(std::move(tensor));
  }
  model.as_object().set("kv", std::move(entries));
  model.as_object().set("tensors", std::move(tensors));
  memory_corpus::GgufFile::write(model, path);
  const auto profile = read_model(path);
  EXPECT_THAT(test::refusal<EngineError>(
                  [&] { engine("llama.cpp").memory(path, whole_on(Device::cpu(), profile), {.n_ctx = 256}, {}); }),
              HasSubstr("SIGABRT"));
}

}  // namespace
}  // namespace berth
