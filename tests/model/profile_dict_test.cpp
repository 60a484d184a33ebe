#include <gmock/gmock.h>

#include "berth/model.h"
#include "model/layers.h"
#include "model/profile_fields.h"
#include "model/tensor_role.h"
#include "random_values.h"
#include "refusal.h"
#include "schema.h"

namespace berth {
namespace {

using test::expect_described;
using test::schema_problems;
using testing::Each;

Value schema() { return test::json_file("../../docs/model.schema.json"); }

ModelProfile random_profile(test::Random& random) {
  const auto number = [&] { return static_cast<std::uint64_t>(random.below(100'000)); };
  ModelProfile profile;
  profile.path = "/models/" + std::to_string(number()) + ".gguf";
  profile.format = "gguf";
  profile.architecture = random.coin() ? "llama" : "mamba";
  profile.name = "a model";
  profile.file_bytes = number();
  if (random.coin()) profile.context_length = number();
  if (random.coin()) profile.embedding_length = number();
  if (random.coin()) profile.key_rank = number();
  profile.experts = number();
  profile.part_count = static_cast<std::uint32_t>(1 + random.below(5));
  profile.has_chat_template = random.coin();
  profile.metadata.set("llama.rope.freq_base", 10000.0);
  for (int i = random.below(4); i > 0; --i) {
    LayerProfile layer;
    layer.attention = random.coin();
    layer.recurrent = random.coin();
    layer.loaded = random.coin();
    layer.heads = number();
    layer.window = number();
    if (random.coin()) layer.cache_of = number();
    if (random.coin()) layer.weights_of = number();
    layer.recurrent_state = number();
    layer.indexer_length = number();
    profile.layers.push_back(layer);
  }
  for (int i = random.below(4); i > 0; --i) {
    TensorInfo tensor{
        .name = "blk." + std::to_string(i) + ".ffn_up.weight", .type = "Q8_0", .shape = {64, 3}, .bytes = 204};
    tensor.offset = number();
    tensor.part = static_cast<std::uint32_t>(random.below(3));
    model::set_role(tensor);
    profile.tensors.push_back(tensor);
  }
  return profile;
}

TEST(ModelProfileLaw, SurvivesJson) {
  test::Random random;
  for (int i = 0; i < 300; ++i) {
    const auto profile = random_profile(random);
    EXPECT_EQ(ModelProfile::from_dict(Value::from_json(profile.to_dict().to_json())), profile);
  }
}

TEST(ModelProfile, OfAModelWithManyExpertsSurvivesItsDictionary) {
  ModelProfile profile;
  profile.tensors.resize(100'000, {.name = "w", .type = "F32", .shape = {1}, .bytes = 4});
  EXPECT_EQ(ModelProfile::from_dict(profile.to_dict()).tensors.size(), 100'000U);
}

TEST(ModelSchema, HoldsForWhatIsWritten) {
  test::Random random;
  std::vector<Value> documents;
  for (int i = 0; i < 50; ++i) documents.push_back(random_profile(random).to_dict());
  EXPECT_THAT(schema_problems(schema(), documents), Each(""));
}

TEST(ModelSchema, HasTheNamesThatAreWritten) {
  const Value all = schema();
  expect_described<ModelProfile>(all, {.before = {"path"}, .after = {"metadata"}});
  expect_described<LayerProfile>(all.find("$defs")->as_object().at("LayerProfile"));
  expect_described<TensorInfo>(all.find("$defs")->as_object().at("TensorInfo"));
}

TEST(ModelProfileDict, RefusesWhatIsNoProfile) {
  ModelProfile profile;
  profile.format = "gguf";
  profile.architecture = "llama";
  profile.tensors = {{.name = "token_embd.weight", .type = "Q8_0", .shape = {64, 3}, .bytes = 204}};
  profile.layers.resize(1);
  profile.layers[0].heads = 4;
  const auto with = [&](const std::string& what, const std::string& instead) {
    auto text = profile.to_dict().to_json();
    EXPECT_NE(text.find(what), text.npos) << what << " in " << text;
    return Value::from_json(text.replace(text.find(what), what.size(), instead));
  };
  const auto refusal = [](const Value& dict) { return test::refusal([&] { ModelProfile::from_dict(dict); }); };
  EXPECT_EQ(refusal(with("\"Q8_0\"", "\"Q9\"")), "tensors[0].type: 'Q9' is no type of tensors");
  EXPECT_EQ(refusal(with("\"bytes\": 204", "\"bytes\": 205")), "tensors[0].bytes: is not what type and shape take");
  EXPECT_EQ(refusal(with("[64, 3]", "[63, 3]")),
            "tensors[0].shape: has rows that are no multiple of 32, the block of Q8_0");
  EXPECT_EQ(refusal(with("[64, 3]", "[64, 3, 1, 1, 1]")), "tensors[0].shape: has more than 4 dimensions");
  EXPECT_EQ(refusal(with("[64, 3]", "[9223372036854775776, 9223372036854775807]")),
            "tensors[0].bytes: is not what type and shape take");
  EXPECT_EQ(refusal(with("\"heads\": 4", "\"heads\": -1")), "layers[0].heads: -1 is not from 0 to 9223372036854775807");
  EXPECT_EQ(refusal(Value::Array{}).substr(0, 8), "expected");
}

}  // namespace
}  // namespace berth
