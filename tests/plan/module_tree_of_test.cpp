/// Device maps of models as they lie in folders, against those that accelerate gave for the models themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "berth/convert.h"
#include "corpus/accelerate_cases.h"
#include "json_file.h"
#include "model/safetensors_writer.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

const char* type_in_safetensors(const std::string& dtype) {
  return dtype == "bfloat16" ? "BF16" : dtype == "float16" ? "F16" : "F32";
}

/// The parameters of a recorded model as a file of safetensors, in the order of their names.
std::filesystem::path write_folder(const std::filesystem::path& folder, const corpus::AccelerateCase& recorded,
                                   const std::string& config) {
  auto tensors = recorded.tree.tensors;
  std::ranges::sort(tensors, {}, &ModuleTensor::name);
  test::SafetensorsWriter writer;
  for (const auto& tensor : tensors)
    if (tensor.kind == TensorKind::parameter && tensor.alias_of.empty())
      writer.tensor(tensor.name, type_in_safetensors(tensor.dtype), tensor.shape, tensor.bytes);
  std::filesystem::create_directories(folder);
  writer.write_sparse(folder / "model.safetensors");
  test::GgufWriter::write_file(folder / "config.json", config);
  return folder;
}

struct FolderCase {
  const char* name;
  const char* type;
  const char* model_class;
  const char* more = R"("rope_theta": 10000.0, "tie_word_embeddings": false)";  ///< of config.json
};

std::string config_of(const FolderCase& folder, const corpus::AccelerateCase& recorded) {
  const auto& tensors = recorded.tree.tensors;
  const auto layers = std::ranges::count_if(recorded.tree.modules, &ModuleInfo::no_split);
  const auto embeddings = std::ranges::find(tensors, 2U, [](const auto& each) { return each.shape.size(); });
  const auto rotary = std::ranges::find_if(tensors, [](const auto& each) { return each.name.ends_with("inv_freq"); });
  const auto width = embeddings->shape.at(1);
  return fmt::format(R"({{"model_type": "{}", "architectures": ["{}"], "num_hidden_layers": {}, "hidden_size": {},
    "num_attention_heads": {}, {}}})",
                     folder.type, folder.model_class, layers, width,
                     rotary == tensors.end() ? 1 : width / (2 * rotary->shape.at(0)), folder.more);
}

class MapsOfFolders : public testing::TestWithParam<FolderCase> {};

TEST_P(MapsOfFolders, AreThoseOfAccelerate) {
  const auto recorded =
      corpus::read_accelerate_case(corpus::accelerate_folder() / (std::string(GetParam().name) + ".json"));
  const test::TemporaryFolder folder;
  const auto profile = read_model(write_folder(folder.path() / "m", recorded, config_of(GetParam(), recorded)));
  auto request = recorded.request;
  request.compat = true;
  const auto tree = module_tree_of(profile);
  std::uint64_t bytes = 0;
  for (const auto& tensor : tree.tensors) bytes += tensor.alias_of.empty() && tensor.dtype != "bool" ? tensor.bytes : 0;
  std::uint64_t expected_bytes = 0;
  for (const auto& tensor : recorded.tree.tensors)
    expected_bytes += tensor.alias_of.empty() && tensor.dtype != "bool" ? tensor.bytes : 0;
  EXPECT_EQ(bytes, expected_bytes);
  EXPECT_EQ(tree.tied, recorded.tree.tied);
  Value::Array found;
  for (const auto& [path, device] : plan_device_map(tree, request).device_map) {
    const Value number = device.type() == DeviceType::cuda ? Value(device.id().value_or(0)) : Value(device.str());
    found.push_back(Value::Array{path, number});
  }
  EXPECT_EQ(Value(found).to_json(), recorded.at("expected").as_object().at("device_map").to_json());
}

constexpr auto gpt2 = R"("n_positions": 1024)";
constexpr auto nothing = R"("use_cache": true)";

INSTANTIATE_TEST_SUITE_P(Recorded, MapsOfFolders,
                         testing::Values(FolderCase{"d01_llama7b_balanced_4gpu", "llama", "LlamaForCausalLM"},
                                         FolderCase{"d02_llama_tight_2gpu", "llama", "LlamaForCausalLM"},
                                         FolderCase{"d03_llama_exact_gpu0", "llama", "LlamaForCausalLM"},
                                         FolderCase{"d04_llama_auto_two_uneven", "llama", "LlamaForCausalLM"},
                                         FolderCase{"d05_gpt2_tied_small_gpu0", "gpt2", "GPT2LMHeadModel", gpt2},
                                         FolderCase{"d06_gpt2_low0_3gpu", "gpt2", "GPT2LMHeadModel", gpt2},
                                         FolderCase{"d07_bertqa_auto_2gpu", "bert", "BertForQuestionAnswering",
                                                    nothing},
                                         FolderCase{"d08_bertqa_cpu_disk", "bert", "BertForQuestionAnswering", nothing},
                                         FolderCase{"d09_t5_tight_2gpu", "t5", "T5ForConditionalGeneration", nothing},
                                         FolderCase{"d10_t5_auto_3gpu", "t5", "T5ForConditionalGeneration", nothing},
                                         FolderCase{"d11_mixtral_balanced_8gpu", "mixtral", "MixtralForCausalLM"},
                                         FolderCase{"d12_mixtral_small_gpu0_disk", "mixtral", "MixtralForCausalLM"},
                                         FolderCase{"d13_vit_zero_gpu0", "vit", "ViTForImageClassification", nothing}));

/// A model of small matrices in float32, by their names.
class SmallFolder {
 public:
  SmallFolder(const std::string& config, const std::vector<std::string>& names) {
    test::SafetensorsWriter writer;
    for (const auto& name : names) writer.tensor(name, "F32", {4, 4}, 64);
    writer.write(folder_.path() / "model.safetensors");
    test::GgufWriter::write_file(folder_.path() / "config.json", config);
  }

  ModuleTree tree() const { return module_tree_of(read_model(folder_.path())); }

 private:
  test::TemporaryFolder folder_;
};

std::vector<std::string> paths_of(const ModuleTree& tree) {
  std::vector<std::string> paths;
  for (const auto& module : tree.modules) paths.push_back(module.path);
  return paths;
}

bool is_layer(const std::string& path) { return path == "transformer.layer.0" || path == "transformer.layer.1"; }

/// The tensors of a tree that no entry of a map covers.
std::vector<std::string> without_device(const ModuleTree& tree, const DeviceMap& map) {
  std::vector<std::string> names;
  for (const auto& tensor : tree.tensors) {
    const bool is_covered = std::ranges::any_of(map, [&](const auto& entry) {
      return entry.first.empty() || tensor.name == entry.first || tensor.name.starts_with(entry.first + ".");
    });
    if (!is_covered) names.push_back(tensor.name);
  }
  return names;
}

TEST(ModuleTreeOf, HasTheModulesOfTheClass) {
  const auto tree =
      SmallFolder(R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": 1, "n_positions": 4})",
                  {"transformer.h.0.mlp.c_fc.weight", "transformer.ln_f.weight", "transformer.wpe.weight",
                   "transformer.wte.weight"})
          .tree();
  EXPECT_THAT(paths_of(tree),
              testing::ElementsAre("", "transformer", "transformer.wte", "transformer.wpe", "transformer.drop",
                                   "transformer.h", "transformer.h.0", "transformer.h.0.mlp",
                                   "transformer.h.0.mlp.c_fc", "transformer.ln_f", "lm_head"));
  EXPECT_TRUE(tree.modules.at(6).no_split);
  EXPECT_EQ(tree.tensors.back().alias_of, "transformer.wte.weight");
  EXPECT_THAT(tree.tied, testing::ElementsAre(testing::ElementsAre("lm_head.weight", "transformer.wte.weight")));
}

TEST(ModuleTreeOf, TakesNamesWithoutTheBaseOfTheClassAndOlderOnes) {
  const auto gpt2 = SmallFolder(R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": 1})",
                                {"h.0.attn.c_attn.weight", "wte.weight"})
                        .tree();
  EXPECT_EQ(gpt2.tensors.front().name, "transformer.wte.weight");
  const auto base = SmallFolder(R"({"model_type": "bert", "architectures": ["BertModel"], "num_hidden_layers": 1})",
                                {"bert.embeddings.word_embeddings.weight", "bert.embeddings.LayerNorm.gamma"})
                        .tree();
  EXPECT_THAT(base.tensors, testing::Contains(testing::Field(&ModuleTensor::name, "embeddings.LayerNorm.weight")));
  const auto llava = SmallFolder(R"({"architectures": ["LlavaForConditionalGeneration"], "text_config": {}})",
                                 {"language_model.lm_head.weight", "language_model.model.layers.0.mlp.up_proj.weight",
                                  "multi_modal_projector.linear_1.weight",
                                  "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight"})
                         .tree();
  EXPECT_THAT(paths_of(llava),
              testing::IsSupersetOf({"model.vision_tower.vision_model.encoder.layers.0",
                                     "model.multi_modal_projector.act", "model.language_model.layers.0", "lm_head"}));
}

/// transformers refuses a map without an entry for each of the names.
TEST(ModuleTreeOf, CoversAllNamesOfSharedTensors) {
  const std::vector<std::string> t5 = {"shared.weight", "encoder.block.0.layer.0.SelfAttention.q.weight",
                                       "decoder.block.0.layer.0.SelfAttention.q.weight",
                                       "decoder.final_layer_norm.weight"};
  const std::vector<std::string> bart = {"model.shared.weight", "model.encoder.layers.0.fc1.weight",
                                         "model.decoder.layers.0.fc1.weight", "model.encoder.embed_positions.weight"};
  const std::vector<std::string> bert = {"bert.embeddings.word_embeddings.weight",
                                         "bert.encoder.layer.0.output.dense.weight",
                                         "cls.predictions.transform.dense.weight", "cls.predictions.bias"};
  struct Case {
    const char* model_class;
    std::vector<std::string> names;
    std::vector<std::string> tied;
  };
  for (const auto& [model_class, names, tied] :
       {Case{"T5ForConditionalGeneration",
             t5,
             {"decoder.embed_tokens.weight", "encoder.embed_tokens.weight", "lm_head.weight", "shared.weight"}},
        Case{"BartForConditionalGeneration",
             bart,
             {"lm_head.weight", "model.decoder.embed_tokens.weight", "model.encoder.embed_tokens.weight",
              "model.shared.weight"}},
        Case{"BertForMaskedLM", bert, {"bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"}}}) {
    SCOPED_TRACE(model_class);
    const auto tree = SmallFolder(fmt::format(R"({{"architectures": ["{}"]}})", model_class), names).tree();
    EXPECT_THAT(tree.tied, testing::Contains(tied));
    for (const auto strategy : {MapStrategy::optimal, MapStrategy::auto_, MapStrategy::sequential})
      for (const std::uint64_t budget : {100U, 200U, 10000U}) {
        const auto plan = plan_device_map(
            tree, {.strategy = strategy, .max_memory = {{Device::gpu(0), budget}, {Device::cpu(), budget}}});
        EXPECT_THAT(without_device(tree, plan.device_map), testing::IsEmpty());
      }
  }
}

/// Marian's positions are parameters that are never saved.
TEST(ModuleTreeOf, HasParametersThatNoFileHas) {
  const auto tree = SmallFolder(R"({"architectures": ["MarianMTModel"], "d_model": 4, "max_position_embeddings": 6})",
                                {"model.shared.weight", "model.encoder.layers.0.fc1.weight"})
                        .tree();
  const auto positions = std::ranges::find(tree.tensors, "model.encoder.embed_positions.weight", &ModuleTensor::name);
  ASSERT_NE(positions, tree.tensors.end());
  EXPECT_EQ(positions->kind, TensorKind::parameter);
  EXPECT_THAT(positions->shape, testing::ElementsAre(6, 4));
  EXPECT_EQ(positions->bytes, 96U);
}

/// Those of DistilBERT, for which transformers tells no blocks.
TEST(ModuleTreeOf, KeepsLayersWholeWhateverTheClassTells) {
  const auto tree = SmallFolder(R"({"architectures": ["DistilBertModel"], "n_layers": 2})",
                                {"transformer.layer.0.ffn.lin1.weight", "transformer.layer.1.ffn.lin1.weight"})
                        .tree();
  for (const auto& module : tree.modules) EXPECT_EQ(module.no_split, is_layer(module.path)) << module.path;
}

TEST(ModuleTreeOf, KeepsAnOutputOfItsOwn) {
  const std::vector<std::string> names = {"model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight",
                                          "lm_head.weight"};
  const auto tree_with = [&](const std::string& more) {
    return SmallFolder(R"({"architectures": ["LlamaForCausalLM"])" + more + "}", names).tree();
  };
  EXPECT_THAT(tree_with("").tied, testing::IsEmpty());
  EXPECT_THAT(tree_with(R"(, "tie_word_embeddings": false)").tied, testing::IsEmpty());
  EXPECT_THAT(tree_with(R"(, "tie_word_embeddings": true)").tied, testing::SizeIs(1));
}

TEST(ModuleTreeOf, GoesByRolesWhereTheClassIsNotKnown) {
  const auto tree = SmallFolder(R"({"model_type": "novel", "architectures": ["NovelForCausalLM"]})",
                                {"model.layers.0.mlp.up_proj.weight", "model.norm.weight", "model.embed_tokens.weight"})
                        .tree();
  EXPECT_THAT(paths_of(tree),
              testing::ElementsAre("", "model", "model.embed_tokens", "model.layers", "model.layers.0",
                                   "model.layers.0.mlp", "model.layers.0.mlp.up_proj", "model.norm", "lm_head"));
  EXPECT_TRUE(tree.modules.at(4).no_split);
}

TEST(ModuleTreeOf, WantsNamesOfModules) {
  ModelProfile profile;
  profile.format = "gguf";
  EXPECT_THAT(test::refusal([&] { module_tree_of(profile); }), testing::HasSubstr("give one in safetensors"));
}

}  // namespace
}  // namespace berth
