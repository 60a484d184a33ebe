#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "berth/error.h"
#include "berth/model.h"
#include "model/safetensors_header.h"
#include "model/safetensors_writer.h"
#include "test_model.h"

namespace berth {
namespace {

using test::GgufWriter;
using test::SafetensorsWriter;
using test::small_safetensors;
using test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

model::SafetensorsHeader parse_safetensors(const std::string& bytes) {
  model::ByteReader reader(test::as_bytes(bytes));
  return model::read_safetensors(reader);
}

FormatError refused_safetensors(const std::string& bytes) {
  try {
    parse_safetensors(bytes);
  } catch (const FormatError& error) {
    return error;
  }
  ADD_FAILURE() << "not refused: " << bytes.substr(8, 200);
  return FormatError({}, 0, "", "");
}
FormatError refused_safetensors(const SafetensorsWriter& writer) { return refused_safetensors(writer.bytes()); }
FormatError refused_header(std::string_view header) {
  return refused_safetensors(SafetensorsWriter::with_header(header, 8));
}

const char* const llama_config = R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
  "intermediate_size": 128, "num_attention_heads": 8, "num_key_value_heads": 2, "num_hidden_layers": 2,
  "max_position_embeddings": 4096, "vocab_size": 100, "rope_theta": 10000.0, "tie_word_embeddings": false})";

/// One layer of a llama 64 wide.
void add_llama_layer(SafetensorsWriter& writer, int layer) {
  const auto name = [&](const char* part) { return fmt::format("model.layers.{}.{}.weight", layer, part); };
  writer.tensor(name("self_attn.q_proj"), "BF16", {64, 64}, 8192);
  writer.tensor(name("self_attn.k_proj"), "BF16", {16, 64}, 2048);
  writer.tensor(name("mlp.gate_proj"), "BF16", {128, 64}, 16384);
  writer.tensor(name("mlp.down_proj"), "BF16", {64, 128}, 16384);
}

/// A folder with a llama in two files.
class Sharded : public testing::Test {
 protected:
  void SetUp() override {
    file("config.json", llama_config);
    SafetensorsWriter first, second;
    first.tensor("model.embed_tokens.weight", "BF16", {100, 64}, 12800);
    add_llama_layer(first, 0);
    add_llama_layer(second, 1);
    second.tensor("model.norm.weight", "BF16", {64}, 128).tensor("lm_head.weight", "BF16", {100, 64}, 12800);
    first.write(path("model-00001-of-00002.safetensors"));
    second.write(path("model-00002-of-00002.safetensors"));
    Value::Object map;
    for (const auto& [name, where] : {std::pair{"00001", &first}, {"00002", &second}})
      for (const auto& tensor : parse_safetensors(where->bytes()).tensors)
        map.set(tensor.name, fmt::format("model-{}-of-00002.safetensors", name));
    set_map(map);
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / "tiny-llama" / name; }
  void file(const std::string& name, std::string_view text) { GgufWriter::write_file(path(name), text); }
  void set_map(Value::Object map) {
    map_ = map;
    file("model.safetensors.index.json", Value(Value::Object{{"weight_map", std::move(map)}}).to_json());
  }
  std::string refusal_of() { return test::model_refusal(path("")); }

  TemporaryFolder folder_;
  Value::Object map_;
};

TEST(Safetensors, ReadsWhatTheHeaderSays) {
  const TemporaryFolder folder;
  const auto path = small_safetensors().write(folder.path() / "m" / "any.safetensors");
  const auto profile = read_model(path);
  EXPECT_EQ(profile.path, path);
  EXPECT_EQ(profile.format, "safetensors");
  EXPECT_EQ(profile.architecture, "");
  EXPECT_EQ(profile.name, "m");
  EXPECT_EQ(profile.part_count, 1U);
  EXPECT_EQ(profile.file_bytes, std::filesystem::file_size(path));
  EXPECT_EQ(profile.tensor_bytes, 240U);
  EXPECT_EQ(profile.block_count, 1U);
  EXPECT_THAT(profile.notes, ElementsAre(HasSubstr("there is no config.json")));
  EXPECT_EQ(Value(profile.metadata).to_json(), R"({"__metadata__": {"format": "pt"}})");
  ASSERT_EQ(profile.tensors.size(), 3U);
  const auto& embeddings = profile.tensors[0];
  EXPECT_EQ(embeddings.name, "model.embed_tokens.weight");
  EXPECT_EQ(embeddings.type, "BF16");
  EXPECT_THAT(embeddings.shape, ElementsAre(4, 10));  // the contiguous dimension first, as in GGUF
  EXPECT_EQ(embeddings.bytes, 80U);
  EXPECT_EQ(embeddings.role, "token_embd");
  EXPECT_EQ(embeddings.layer, std::nullopt);
  EXPECT_EQ(profile.tensors[1].offset, embeddings.offset + 80);
  EXPECT_EQ(profile.tensors[1].layer, 0U);
  EXPECT_EQ(profile.tensors[1].role, "attn_q");
  EXPECT_EQ(profile.tensors[2].offset + 128, profile.file_bytes);
}

TEST(Safetensors, HasTheRolesOfGguf) {
  const std::vector<std::pair<std::string, std::string>> roles = {
      {"model.layers.0.mlp.experts.7.gate_proj.weight", "ffn_gate.7"},
      {"model.layers.0.mlp.experts.gate_up_proj", "ffn_gate_up_exps"},
      {"model.layers.0.mlp.shared_experts.down_proj.weight", "ffn_down_shexp"},
      {"model.layers.0.mlp.shared_expert.up_proj.weight", "ffn_up_shexp"},
      {"model.layers.0.feed_forward.w1.weight", "ffn_gate"},
      {"model.layers.0.feed_forward.w2.weight", "ffn_down"},
      {"model.layers.0.conv.in_proj.weight", "shortconv.in_proj"},
      {"model.layers.0.mamba.A_log", "ssm_a"},
      {"backbone.layers.0.mixer.conv1d.bias", "ssm_conv1d"},
      {"backbone.layers.0.mixer.q_proj.weight", "attn_q"},
      {"rwkv.blocks.0.attention.receptance.weight", "time_mix_receptance"},
      {"rwkv.blocks.0.feed_forward.key.weight", "channel_mix_key"},
      {"encoder.layer.0.attention.self.key.weight", "attn_k"},
      {"encoder.layer.0.attention.output.dense.weight", "attn_output"},
      {"vit.encoder.layer.0.attention.attention.value.weight", "attn_v"}};
  const TemporaryFolder folder;
  SafetensorsWriter writer;
  for (const auto& [name, role] : roles) writer.tensor(name, "F32", {2}, 8);
  const auto profile = read_model(writer.write(folder.path() / "m.safetensors"));
  for (const auto& tensor : profile.tensors)
    EXPECT_THAT(roles, testing::Contains(testing::Pair(tensor.name, tensor.role)));
}

/// GPT-2 leaves it to its class: "n_inner": null.
TEST(Safetensors, TakesTheInnerSizeFromTheMatrixWhereTheConfigLacksIt) {
  const TemporaryFolder folder;
  SafetensorsWriter writer;
  writer.tensor("h.0.mlp.c_proj.weight", "F32", {32, 8}, 1024).tensor("h.1.mlp.c_proj.weight", "F32", {8, 32}, 1024);
  writer.write(folder.path() / "model.safetensors");
  GgufWriter::write_file(folder.path() / "config.json",
                         R"({"model_type": "gpt2", "n_layer": 2, "n_embd": 8, "n_head": 2, "n_inner": null})");
  for (const auto& layer : read_model(folder.path()).layers) EXPECT_EQ(layer.feed_forward_length, 32U);
}

TEST(Safetensors, IsKnownByItsContentToo) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_model(small_safetensors().write(folder.path() / "weights.bin")).format, "safetensors");
}

TEST(Safetensors, ProfileSurvivesJson) {
  const TemporaryFolder folder;
  auto writer = small_safetensors();
  writer.tensor("empty", "F8_E4M3", {0, 3}, 0).tensor("deep", "U8", {1, 1, 1, 1, 1, 2}, 2).tensor("none", "I64", {}, 8);
  const auto profile = read_model(writer.write(folder.path() / "m.safetensors"));
  EXPECT_EQ(ModelProfile::from_dict(Value::from_json(profile.to_dict().to_json())), profile);
}

// The bits of each type in safetensors 0.8 (enum Dtype).
TEST(Safetensors, KnowsTheSizeOfEveryType) {
  const std::pair<const char*, std::uint64_t> types[] = {
      {"BOOL", 8}, {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},   {"I8", 8},   {"F8_E5M2", 8},
      {"I16", 16}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"U16", 16},    {"F16", 16}, {"I32", 32}, {"BF16", 16},
      {"U32", 32}, {"F32", 32},    {"F64", 64},    {"I64", 64},    {"U64", 64}, {"C64", 64}};
  for (const auto& [type, bits] : types) {
    SafetensorsWriter writer;
    writer.tensor("t", type, {3, 8}, 3 * bits);
    EXPECT_EQ(parse_safetensors(writer.bytes()).tensors[0].bytes, 3 * bits) << type;
    SafetensorsWriter wrong;
    wrong.tensor("t", type, {3, 8}, 3 * bits + 1);
    EXPECT_THAT(refused_safetensors(wrong).found(), HasSubstr(std::to_string(3 * bits + 1) + " bytes of data")) << type;
  }
}

TEST(Safetensors, AcceptsSpacesAfterTheHeaderAndNoTensors) {
  EXPECT_THAT(parse_safetensors(SafetensorsWriter::with_header("{}      ", 0)).tensors, IsEmpty());
  EXPECT_THAT(parse_safetensors(SafetensorsWriter().tensor("a", "F32", {0, 7}, 0).bytes()).tensors,
              ElementsAre(testing::Field(&TensorInfo::bytes, 0U)));
}

TEST_F(Sharded, JoinsTheFilesOfAFolder) {
  for (const auto* name : {"", "model.safetensors.index.json", "model-00001-of-00002.safetensors"}) {
    const auto profile = read_model(path(name));
    EXPECT_EQ(profile.name, "tiny-llama");
    EXPECT_EQ(profile.part_count, 2U);
    EXPECT_EQ(profile.tensors.size(), 11U);
    EXPECT_EQ(profile.tensors.front().part, 0U);
    EXPECT_EQ(profile.tensors.back().part, 1U);
    EXPECT_EQ(profile.tensors.back().role, "output");
    EXPECT_EQ(profile.tensor_bytes, 2 * 12800U + 2 * 43008U + 128U);
    EXPECT_EQ(profile.file_bytes, std::filesystem::file_size(path("model-00001-of-00002.safetensors")) +
                                      std::filesystem::file_size(path("model-00002-of-00002.safetensors")));
  }
}

TEST_F(Sharded, TakesSizesAndLayersFromTheConfiguration) {
  const auto profile = read_model(path(""));
  EXPECT_EQ(profile.architecture, "llama");
  EXPECT_EQ(profile.context_length, 4096U);
  EXPECT_EQ(profile.block_count, 2U);
  EXPECT_EQ(profile.vocabulary_size, 100U);
  EXPECT_EQ(profile.embedding_length, 64U);
  EXPECT_THAT(profile.notes, IsEmpty());
  ASSERT_EQ(profile.layers.size(), 2U);
  LayerProfile layer;
  layer.attention = layer.dense = layer.has_cache = true;
  layer.heads = 8;
  layer.kv_heads = 2;
  layer.key_length = layer.value_length = 8;
  layer.feed_forward_length = 128;
  EXPECT_THAT(profile.layers, testing::Each(layer));
  EXPECT_FALSE(profile.has_chat_template);
  file("tokenizer_config.json", R"({"chat_template": "{{ messages }}"})");
  EXPECT_TRUE(read_model(path("")).has_chat_template);
}

TEST_F(Sharded, CountsLayersByTensorsWhereTheConfigurationClaimsMoreThanAnyModelHas) {
  std::string config = llama_config;
  const std::string layers = R"("num_hidden_layers": 2)";
  file("config.json", config.replace(config.find(layers), layers.size(), R"("num_hidden_layers": 16000000)"));
  const auto profile = read_model(path(""));
  EXPECT_EQ(profile.block_count, 2U);
  EXPECT_EQ(profile.layers.size(), 2U);
  EXPECT_THAT(profile.notes, testing::Contains(HasSubstr("does not tell the number of layers")));
}

TEST_F(Sharded, RefusesAnIndexThatIsNotOfTheseFiles) {
  auto map = map_;
  map.set("extra.weight", "model-00001-of-00002.safetensors");
  set_map(map);
  EXPECT_THAT(refusal_of(), HasSubstr("'extra.weight' in 'model-00001-of-00002.safetensors', which does not hold it"));
  map = map_;
  map.erase("extra.weight");
  map.set("lm_head.weight", "model-00001-of-00002.safetensors");
  set_map(map);
  EXPECT_THAT(refusal_of(), HasSubstr("'lm_head.weight', which 'model-00002-of-00002.safetensors' holds, in another"));
  map.set("lm_head.weight", "model-00003-of-00002.safetensors");
  set_map(map);
  EXPECT_THAT(refusal_of(), AllOf(HasSubstr("model-00003-of-00002.safetensors' belongs to"), HasSubstr("is missing")));
}

TEST_F(Sharded, RefusesFilesOutsideOfTheFolder) {
  const auto outside = small_safetensors().write(folder_.path() / "other" / "secret.safetensors");
  std::filesystem::create_symlink(outside, path("link.safetensors"));
  std::filesystem::create_symlink(path("model-00001-of-00002.safetensors"), path("inside.safetensors"));
  for (const std::string& name : {std::string("../other/secret.safetensors"), outside.string(),
                                  std::string("a/../../b"), std::string(), std::string("a\nb")}) {
    set_map({{"a", name}});
    EXPECT_THAT(refusal_of(), AllOf(HasSubstr("model.safetensors.index.json"), HasSubstr("without '..'"))) << name;
  }
  set_map({{"a", "link.safetensors"}});
  EXPECT_THAT(refusal_of(), HasSubstr("a link that leads out of the folder"));
  set_map({{"a", "inside.safetensors"}});
  EXPECT_THAT(refusal_of(), HasSubstr("which 'inside.safetensors' holds, not at all"));
}

TEST_F(Sharded, FollowsTheLinksOfTheHuggingFaceCache) {
  const auto root = folder_.path() / "models--org--tiny";
  const auto snapshot = root / "snapshots" / "abc";
  std::filesystem::create_directories(snapshot);
  std::filesystem::create_directories(root / "blobs");
  for (const std::string name : {"config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
                                 "model-00002-of-00002.safetensors"}) {
    std::filesystem::rename(path(name), root / "blobs" / ("1" + name));
    std::filesystem::create_symlink("../../blobs/1" + name, snapshot / name);
  }
  const auto profile = read_model(snapshot);
  EXPECT_EQ(profile.name, "org/tiny");
  EXPECT_EQ(profile.tensors.size(), 11U);
}

TEST_F(Sharded, AreNotReadBesideAFileThatIsWhole) {
  small_safetensors().write(path("model.safetensors"));
  std::filesystem::remove(path("model-00002-of-00002.safetensors"));
  EXPECT_EQ(read_model(path("")).tensors.size(), 3U);
  std::filesystem::remove(path("model.safetensors"));
  std::filesystem::create_symlink("nothing", path("model.safetensors"));
  EXPECT_THAT(refusal_of(), HasSubstr("model-00002-of-00002.safetensors")) << "a link to nothing is none";
}

/// Python's json writes Infinity, as that of transformers does for each Mamba2.
TEST_F(Sharded, ReadsTheConfigAsPythonDoes) {
  file("config.json", R"({"model_type": "mamba2", "time_step_limit": [0.0, Infinity], "x": NaN, "x": -Infinity})");
  const auto profile = read_model(path(""));
  EXPECT_EQ(profile.architecture, "mamba2");
  EXPECT_EQ(profile.metadata.at("config").find("time_step_limit")->to_json(), "[0.0, null]");
}

TEST_F(Sharded, RefusesBrokenJsonBesideTheModel) {
  file("config.json", "[1]");
  EXPECT_THAT(refusal_of(), AllOf(HasSubstr("config.json"), HasSubstr("JSON that is no object")));
  file("config.json", std::string(10000, '['));
  EXPECT_THAT(refusal_of(), AllOf(HasSubstr("config.json"), HasSubstr("512 levels")));
  file("config.json", llama_config);
  file("model.safetensors.index.json", R"({"weight_map": {"a": "x", "a": "y"}})");
  EXPECT_THAT(refusal_of(), AllOf(HasSubstr("index.json"), HasSubstr("twice")));
  file("model.safetensors.index.json", "{}");
  EXPECT_THAT(refusal_of(), HasSubstr("no weight_map"));
  file("model.safetensors.index.json", R"({"weight_map": {"a": 7}})");
  EXPECT_THAT(refusal_of(), AllOf(HasSubstr("index.json: byte 16: "), HasSubstr("the name of a file")));
}

TEST(SafetensorsFolder, WantsOneModel) {
  const TemporaryFolder folder;
  EXPECT_THAT(test::model_refusal(folder.path()), HasSubstr("holds no model in safetensors"));
  small_safetensors().write(folder.path() / "b.safetensors");
  EXPECT_EQ(read_model(folder.path()).tensors.size(), 3U);
  small_safetensors().write(folder.path() / "a.safetensors");
  EXPECT_THAT(test::model_refusal(folder.path()), HasSubstr("several files"));
  small_safetensors().write(folder.path() / "model.safetensors");
  EXPECT_EQ(read_model(folder.path()).tensors.size(), 3U);
}

// ---- bad headers ----

TEST(BadSafetensors, NamesWhatTheFileSeemsToBe) {
  EXPECT_EQ(refused_safetensors(std::string()).found(), "an empty file");
  EXPECT_THAT(refused_safetensors("version https://git-lfs.github.com/spec/v1\noid").found(), HasSubstr("Git LFS"));
  EXPECT_THAT(refused_safetensors("<!DOCTYPE html><html>").found(), HasSubstr("web page"));
}

TEST(BadSafetensors, LengthsOfTheHeader) {
  for (const std::uint64_t length : {100'000'001ULL, 1ULL << 63, ~0ULL}) {
    const auto error = refused_safetensors(test::Bytes().number(length).raw("{}").text());
    EXPECT_EQ(error.offset(), 0U);
    EXPECT_THAT(error.expected(), HasSubstr("100000000"));
  }
  EXPECT_THAT(refused_safetensors(test::Bytes().number(std::uint64_t{100'000'000}).raw("{}").text()).what(),
              HasSubstr("99999998 more bytes for the header"));
}

TEST(BadSafetensors, CutAtEveryByte) {
  const auto whole = small_safetensors().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_LE(refused_safetensors(whole.substr(0, size)).offset(), size) << size;
}

TEST(BadSafetensors, WhatIsNoTensor) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"a": 1})", "the number 1"},
      {R"({"a": "x"})", "the text 'x'"},
      {R"({"a": null})", "null"},
      {R"({"a": []})", "a list"},
      {R"({"a": {}})", "an entry without dtype"},
      {R"({"a": {"dtype": "F32", "shape": [2]}})", "an entry without data_offsets"},
      {R"({"a": {"dtype": 7}})", "the number 7"},
      {R"({"a": {"dtype": "Q4_0"}})", "the type 'Q4_0'"},
      {R"({"a": {"dtype": ["F32"]}})", "a list"},
      {R"({"a": {"shape": 2}})", "the number 2"},
      {R"({"a": {"shape": [2, "3"]}})", "the text '3'"},
      {R"({"a": {"shape": [-1]}})", "the number -1"},
      {R"({"a": {"shape": [1.5]}})", "the number 1.5"},
      {R"({"a": {"shape": [18446744073709551616]}})", "the number 18446744073709551616"},
      {R"({"a": {"shape": [[1]]}})", "a list"},
      {R"({"a": {"shape": [{}]}})", "an object"},
      {R"({"a": {"colour": 1}})", "the name 'colour'"},
      {R"({"__metadata__": {"a": 1}})", "the number 1"},
      {R"({"__metadata__": {"a": {}}})", "an object"},
      {R"({"__metadata__": {"a": "", "a": ""}})", "the name 'a' a second time"},
      {R"({"a": {"dtype": "F32", "dtype": "F32"}})", "the name 'dtype' a second time"},
      {R"({"": {}})", "a name of 0 bytes"},
      {R"({"a\u0000b": {}})", "the name 'a\\x00b'"},
      {R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0]}})", "data_offsets [0]"},
      {R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}})", "data_offsets [8, 0]"},
      {R"({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}})", "8 bytes of data"},
      {R"({"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]}})", "the shape"},
      {R"({"a": {"dtype": "F64", "shape": [2305843009213693952], "data_offsets": [0, 8]}})", "the shape"},
      {R"({"a": {"dtype": "U8", "shape": [8], "data_offsets": [18446744073709551600, 18446744073709551608]}})",
       "data up to byte 18446744073709551608"},
      {"{\"a\xff\": {}}", "ill-formed UTF-8"},
      {"{} x", "invalid literal"},
      {"{", "unexpected end of input"},
  };
  for (const auto& [header, found] : cases) EXPECT_THAT(refused_header(header).found(), HasSubstr(found)) << header;
  EXPECT_THAT(refused_header(std::string("{}\0", 3)).found(), HasSubstr("NUL"));
}

TEST(BadSafetensors, TheSameNameTwice) {
  SafetensorsWriter writer;
  writer.tensor("a", "U8", {4}, 4).tensor("b", "U8", {4}, 4).tensor("a", "U8", {4}, 4);
  EXPECT_EQ(refused_safetensors(writer).found(), "the name 'a' a second time");
}

TEST(BadSafetensors, OverlapsAndGaps) {
  SafetensorsWriter overlap;
  overlap.entry("a", "U8", {8}, 0, 8).entry("b", "U8", {8}, 7, 15).data(15);
  EXPECT_EQ(refused_safetensors(overlap).found(), "data of 'b' inside those of another tensor");
  SafetensorsWriter gap;
  gap.entry("a", "U8", {8}, 0, 8).entry("b", "U8", {8}, 9, 17).data(17);
  EXPECT_EQ(refused_safetensors(gap).found(), "1 bytes of no tensor");
  SafetensorsWriter rest;
  rest.entry("a", "U8", {8}, 0, 8).data(9);
  EXPECT_THAT(refused_safetensors(rest).expected(), HasSubstr("the end of the file"));
}

TEST(BadSafetensors, DepthAndSizeOfTheHeader) {
  EXPECT_THAT(refused_header(R"({"a": )" + std::string(10000, '{')).found(), HasSubstr("unexpected '{'"));
  EXPECT_THAT(refused_header(std::string(1, '{') + "\"a\": " + std::string(10000, '[')).found(), HasSubstr("a list"));
  std::string dimensions = "1";
  for (int i = 0; i < 64; ++i) dimensions += ",1";
  EXPECT_THAT(refused_header(R"({"a": {"shape": [)" + dimensions + "]}}").found(), HasSubstr("longer list"));
  // A file of 100 MB without a disk block behind it.
  const TemporaryFolder folder;
  const auto path = GgufWriter::write_file(folder.path() / "m.safetensors",
                                           test::Bytes().number(std::uint64_t{100'000'000}).raw("{").text());
  std::filesystem::resize_file(path, 100'000'100);
  EXPECT_THAT(test::model_refusal(path), HasSubstr("NUL"));
}

TEST(SafetensorsLaws, RandomChangesEndInAFormatErrorOrAHeader) {
  const auto good = small_safetensors().bytes();
  const auto header_bytes = 8 + small_safetensors().header().size();
  std::mt19937_64 random(1);
  int accepted = 0;
  constexpr int rounds = 5000;
  for (int round = 0; round < rounds; ++round) {
    auto bytes = good;
    for (auto i = 1 + random() % 3; i > 0; --i) {
      const auto at = random() % header_bytes;
      if (random() % 4 == 0) {
        bytes.erase(at, 1 + random() % 4);
      } else if (random() % 3 == 0) {
        bytes[at] = "0123456789[]{}\",:"[random() % 17];
      } else {
        bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << random() % 8));
      }
    }
    try {
      const auto header = parse_safetensors(bytes);
      std::uint64_t sum = 0;
      for (const auto& tensor : header.tensors) {
        EXPECT_LE(tensor.offset + tensor.bytes, bytes.size());
        sum += tensor.bytes;
      }
      EXPECT_LE(sum, bytes.size());
      ++accepted;
    } catch (const FormatError& error) {
      EXPECT_LE(error.offset(), bytes.size());
      EXPECT_FALSE(error.found().empty());
    }
  }
  EXPECT_GT(accepted, rounds / 100);
  EXPECT_LT(accepted, rounds * 99 / 100);
}

}  // namespace
}  // namespace berth
