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

std::string llama_like(const char* type, const char* name, std::uint64_t layers, std::uint64_t width, int heads) {
  return fmt::format(R"({{"model_type": "{}", "architectures": ["{}"], "num_hidden_layers": {}, "hidden_size": {},
    "num_attention_heads": {}, "rope_theta": 10000.0, "tie_word_embeddings": false}})",
                     type, name, layers, width, heads);
}

struct FolderCase {
  const char* name;
  const char* type;
  const char* model_class;
};

class MapsOfFolders : public testing::TestWithParam<FolderCase> {};

TEST_P(MapsOfFolders, AreThoseOfAccelerate) {
  const auto& [name, type, model_class] = GetParam();
  const auto recorded = corpus::read_accelerate_case(corpus::accelerate_folder() / (std::string(name) + ".json"));
  const auto& embeddings = recorded.tree.tensors.front();
  const auto& rotary = *std::ranges::find(recorded.tree.tensors, TensorKind::buffer, &ModuleTensor::kind);
  const auto layers = std::ranges::count_if(recorded.tree.modules, &ModuleInfo::no_split);
  const auto width = embeddings.shape.at(1);
  const test::TemporaryFolder folder;
  const auto profile = read_model(write_folder(folder.path() / "m", recorded,
                                               llama_like(type, model_class, static_cast<std::uint64_t>(layers), width,
                                                          static_cast<int>(width / (2 * rotary.shape.at(0))))));
  auto request = recorded.request;
  request.compat = true;
  const auto tree = module_tree_of(profile);
  std::uint64_t bytes = 0;
  for (const auto& tensor : tree.tensors) bytes += tensor.bytes;
  EXPECT_EQ(bytes, recorded.at("model_bytes").as_int());
  Value::Array found;
  for (const auto& [path, device] : plan_device_map(tree, request).device_map) {
    const Value number = device.type() == DeviceType::cuda ? Value(device.id().value_or(0)) : Value(device.str());
    found.push_back(Value::Array{path, number});
  }
  EXPECT_EQ(Value(found).to_json(), recorded.at("expected").as_object().at("device_map").to_json());
}

INSTANTIATE_TEST_SUITE_P(Recorded, MapsOfFolders,
                         testing::Values(FolderCase{"d01_llama7b_balanced_4gpu", "llama", "LlamaForCausalLM"},
                                         FolderCase{"d02_llama_tight_2gpu", "llama", "LlamaForCausalLM"},
                                         FolderCase{"d03_llama_exact_gpu0", "llama", "LlamaForCausalLM"},
                                         FolderCase{"d04_llama_auto_two_uneven", "llama", "LlamaForCausalLM"},
                                         FolderCase{"d11_mixtral_balanced_8gpu", "mixtral", "MixtralForCausalLM"},
                                         FolderCase{"d12_mixtral_small_gpu0_disk", "mixtral", "MixtralForCausalLM"}));

TEST(ModuleTreeOf, TiesAnOutputThatStandsInNoFile) {
  const test::TemporaryFolder folder;
  test::SafetensorsWriter writer;
  writer.tensor("transformer.h.0.mlp.c_fc.weight", "F32", {4, 4}, 64);
  writer.tensor("transformer.ln_f.weight", "F32", {4}, 16).tensor("transformer.wte.weight", "F32", {5, 4}, 80);
  writer.write(folder.path() / "model.safetensors");
  test::GgufWriter::write_file(folder.path() / "config.json",
                               R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": 1})");
  const auto tree = module_tree_of(read_model(folder.path()));
  std::vector<std::string> paths;
  for (const auto& module : tree.modules) paths.push_back(module.path);
  EXPECT_THAT(paths,
              testing::ElementsAre("", "transformer", "transformer.wte", "transformer.h", "transformer.h.0",
                                   "transformer.h.0.mlp", "transformer.h.0.mlp.c_fc", "transformer.ln_f", "lm_head"));
  EXPECT_TRUE(tree.modules.at(4).no_split);
  EXPECT_EQ(tree.tensors.back().alias_of, "transformer.wte.weight");
  EXPECT_THAT(tree.tied, testing::ElementsAre(testing::ElementsAre("lm_head.weight", "transformer.wte.weight")));
}

TEST(ModuleTreeOf, WantsNamesOfModules) {
  ModelProfile profile;
  profile.format = "gguf";
  EXPECT_THAT(test::refusal([&] { module_tree_of(profile); }), testing::HasSubstr("give one in safetensors"));
}

}  // namespace
}  // namespace berth
