/// Models of Hugging Face as GGUF files. That they say what transformers says is tested over the corpus
/// (tests/corpus/generators_corpus_test.cpp).
#include "berth/convert_model.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/model.h"
#include "encoder_cases.h"
#include "engine/checked_models.h"
#include "engine/run_folder.h"
#include "model/safetensors_writer.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

/// A copy of one of the models, to be changed.
class GeneratorCopy {
 public:
  explicit GeneratorCopy(const std::string& name) {
    fs::copy(fs::path(BERTH_TEST_DATA_DIR "/generators") / name, path(), fs::copy_options::recursive);
    config_ = test::read_json_file(path() / "config.json");
  }
  fs::path path() const { return folder_.path() / "model"; }
  fs::path target() const { return folder_.path() / "model.gguf"; }
  const Value& config() const { return config_; }
  ModelSearch search() const { return {.hub_cache = {}, .model_cache = folder_.path() / "cache" / "models"}; }

  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path() / file, std::ios::binary) << text;
  }
  void set(const std::string& name, Value value) {
    config_.as_object().set(name, std::move(value));
    write("config.json", config_.to_json());
  }
  void replace_in(const std::string& file, const std::string& from, const std::string& to) const {
    std::ifstream source(path() / file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(source)), {});
    text.replace(text.find(from), from.size(), to);
    write(file, text);
  }
  /// Others in place of the tensors of the model; all their numbers are 0.
  void write_tensors(const std::vector<TensorInfo>& tensors) const {
    test::SafetensorsWriter writer;
    for (const auto& tensor : tensors) {
      auto bytes = std::uint64_t{tensor.type == "F32" ? 4U : 2U};
      for (const auto extent : tensor.shape) bytes *= extent;
      writer.tensor(tensor.name, tensor.type, {tensor.shape.rbegin(), tensor.shape.rend()}, bytes);
    }
    writer.write(path() / "model.safetensors");
  }

  std::string refusal() const {
    try {
      convert_model(path(), target());
    } catch (const std::exception& problem) {
      EXPECT_FALSE(fs::exists(target()));
      return problem.what();
    }
    fs::remove(target());
    return "was accepted";
  }

 private:
  test::TemporaryFolder folder_;
  Value config_;
};

TEST(ConvertModel, HoldsWhatTheFolderSays) {
  const GeneratorCopy copy("llama3");
  convert_model(copy.path(), copy.target());
  const auto before = read_model(copy.path());
  const auto after = read_model(copy.target());
  EXPECT_EQ(after.architecture, "llama");
  EXPECT_EQ(after.name, before.name);
  EXPECT_EQ(after.block_count, before.block_count);
  EXPECT_EQ(after.context_length, before.context_length);
  EXPECT_EQ(after.vocabulary_size, before.vocabulary_size);
  EXPECT_EQ(after.embedding_length, before.embedding_length);
  EXPECT_EQ(after.layers, before.layers);
  EXPECT_EQ(after.tensors.size(), before.tensors.size() + 1) << "and the factors of rotations";
  EXPECT_TRUE(after.has_chat_template);
}

TEST(ConvertModel, NamesModelsSoThatLlamaCppKnowsTheTokenizerOfPhi3) {
  const auto name_of = [](const char* model, const char* name) {
    const GeneratorCopy copy(model);
    fs::rename(copy.path(), copy.path().parent_path() / name);
    convert_model(copy.path().parent_path() / name, copy.target());
    return read_model(copy.target()).name;
  };
  EXPECT_EQ(name_of("phi", "Phi-3-mini"), "Phi-3-mini");
  EXPECT_EQ(name_of("phi", "mine"), "mine (Phi-3)");
  EXPECT_EQ(name_of("mistral", "not-phi3"), "not-phi 3");
}

TEST(ConvertModel, KeepsTheTypeOfMatrices) {
  const GeneratorCopy copy("qwen3");
  convert_model(copy.path(), copy.target());
  for (const auto& tensor : read_model(copy.target()).tensors)
    EXPECT_EQ(tensor.type, tensor.shape.size() == 2 ? "BF16" : "F32") << tensor.name;
}

TEST(ConvertModel, LeavesOutWhatReadsImages) {
  const GeneratorCopy copy("gemma3");
  convert_model(copy.path(), copy.target());
  const auto before = read_model(copy.path());
  const auto after = read_model(copy.target());
  EXPECT_EQ(after.architecture, "gemma3");
  EXPECT_EQ(after.layers, before.layers) << "the windows of layers among them";
  EXPECT_LT(after.tensors.size(), before.tensors.size());
  for (const auto& tensor : after.tensors) EXPECT_THAT(tensor.name, testing::Not(HasSubstr("vision")));
}

TEST(ConvertModel, ReplacesFilesOnlyAndNoneOfTheModel) {
  const GeneratorCopy copy("qwen3");
  const auto refusal = [&](const fs::path& to) { return test::refusal([&] { convert_model(copy.path(), to); }); };
  const auto link = copy.target().parent_path() / "link.gguf";
  fs::create_symlink(copy.path() / "config.json", link);
  const auto pipe = copy.target().parent_path() / "pipe.gguf";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(refusal(copy.path()), HasSubstr("is a folder"));
  EXPECT_THAT(refusal(""), HasSubstr("'' is no name of a file"));
  EXPECT_THAT(refusal(pipe), HasSubstr("is a device, pipe or socket"));
  EXPECT_THAT(refusal(copy.path() / "model.safetensors"), HasSubstr("is a file of the model itself"));
  EXPECT_THAT(refusal(link), HasSubstr("is a file of the model itself"));
  EXPECT_TRUE(fs::is_fifo(pipe));

  fs::remove(link);
  std::ofstream(copy.target()) << "an older one";
  fs::create_symlink(copy.target(), link);
  convert_model(copy.path(), link);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_model(copy.target()).architecture, "qwen3");
}

TEST(ConvertModel, RefusesWhatItDoesNotKnowAndSaysWhatItDoes) {
  GeneratorCopy copy("llama3");
  copy.set("model_type", "bart");
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("'bart'"), HasSubstr("qwen3"), HasSubstr("convert_hf_to_gguf.py")));
  copy.set("model_type", "bert");
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("an encoder"), HasSubstr("berth embed")));
}

TEST(ConvertModel, RefusesWhatLlamaCppWouldComputeInAnotherWay) {
  const auto with = [](const char* model, const std::string& name, Value value) {
    GeneratorCopy copy(model);
    copy.set(name, std::move(value));
    return copy.refusal();
  };
  EXPECT_THAT(with("llama3", "hidden_act", "gelu"), AllOf(HasSubstr("hidden_act"), HasSubstr("silu")));
  EXPECT_THAT(with("llama3", "partial_rotary_factor", 0.5), HasSubstr("partial_rotary_factor"));
  EXPECT_THAT(with("llama3", "rope_scaling", Value::Object{{"rope_type", "dynamic"}}), HasSubstr("'dynamic'"));
  EXPECT_THAT(with("qwen2", "rope_scaling", Value::Object{{"rope_type", "yarn"}, {"attention_factor", 2.0}}),
              HasSubstr("attention_factor"));
  EXPECT_THAT(with("gpt2", "activation_function", "relu"), HasSubstr("gelu_new"));
  EXPECT_THAT(with("gemma2", "query_pre_attn_scalar", 200), HasSubstr("query_pre_attn_scalar"));
  EXPECT_THAT(with("gemma2", "attn_logit_softcapping", nullptr), HasSubstr("attn_logit_softcapping"));
  EXPECT_THAT(with("gemma3_text", "use_bidirectional_attention", true), HasSubstr("use_bidirectional_attention"));
  EXPECT_THAT(with("gemma3", "text_config", nullptr), HasSubstr("text_config"));
  EXPECT_THAT(with("phi", "rope_scaling", Value::Object{{"type", "longrope"}, {"long_factor", Value::Array{1}}}),
              HasSubstr("2 numbers"));
  EXPECT_THAT(with("llama3", "rope_scaling", Value::Object{{"type", "longrope"}}), HasSubstr("'longrope'"));
  EXPECT_THAT(with("qwen3_moe", "norm_topk_prob", false), HasSubstr("norm_topk_prob"));
  EXPECT_THAT(with("qwen2_moe", "norm_topk_prob", true), HasSubstr("norm_topk_prob"));
  EXPECT_THAT(with("qwen2_moe", "mlp_only_layers", Value::Array{1}), HasSubstr("mlp_only_layers"));
  EXPECT_THAT(with("smollm3", "no_rope_layers", Value::Array{1, 1, 1, 1}), HasSubstr("[1, 1, 1, 0]"));
  EXPECT_THAT(with("olmo2", "tie_word_embeddings", true), HasSubstr("tie_word_embeddings"));
  EXPECT_THAT(with("flan_t5", "feed_forward_proj", "gated-silu"), HasSubstr("gated-gelu"));
}

/// llama.cpp asserts that there is one where a file has a window.
TEST(ConvertModel, AGemmaWithoutLayersThatLookThroughAWindowHasNone) {
  const auto with = [](const char* model, const char* kind) {
    GeneratorCopy copy(model);
    copy.set("layer_types", Value::Array(copy.config().find("layer_types")->as_array().size(), kind));
    return copy.refusal();
  };
  EXPECT_EQ(with("gemma3_text", "sliding_attention"), "was accepted");
  EXPECT_THAT(with("gemma3_text", "local"), AllOf(HasSubstr("layer_types"), HasSubstr("local")));
  EXPECT_THAT(with("gemma2", "full_attention"), HasSubstr("layer_types"));

  GeneratorCopy copy("gemma3_text");
  copy.set("layer_types", Value::Array(copy.config().find("layer_types")->as_array().size(), "full_attention"));
  convert_model(copy.path(), copy.target());
  const auto model = engine("llama.cpp").load({.model = copy.target(), .device = Device::cpu()});
  const GenerationRequest request{.prompts = {"a"}, .options = {.max_new_tokens = 1}};
  EXPECT_EQ(model->new_session()->generate(request).completions.size(), 1U);
}

TEST(ConvertModel, AFileOfGemmaWithAWindowAndNoLayerThatLooksThroughItIsRefused) {
  const GeneratorCopy copy("gemma3_text");
  convert_model(copy.path(), copy.target());
  std::ifstream source(copy.target(), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(source)), {});
  const std::string key = "gemma3.attention.sliding_window_pattern";
  const auto flags =
      bytes.find(key) + key.size() + 4 + 4 + 8;  // the types of the array and its elements, and its length
  for (std::size_t i = 0; i < copy.config().find("layer_types")->as_array().size(); ++i) bytes[flags + i] = 0;
  std::ofstream(copy.target(), std::ios::binary) << bytes;
  EXPECT_THAT(test::refusal<EngineError>(
                  [&] { (void)engine("llama.cpp").load({.model = copy.target(), .device = Device::cpu()}); }),
              HasSubstr("a sliding window of 8 tokens"));
}

TEST(ConvertModel, TakesTheRotationsOfLlama3WhereLlamaCppDoes) {
  const Value::Object llama3{{"rope_type", "llama3"},  {"factor", 8.0},
                             {"low_freq_factor", 1.0}, {"high_freq_factor", 4.0},
                             {"rope_theta", 10000.0},  {"original_max_position_embeddings", 64}};
  std::vector<std::string> taken;
  for (const auto& name : test::encoder_cases(BERTH_TEST_DATA_DIR "/generators")) {
    SCOPED_TRACE(name);
    GeneratorCopy copy(name);
    if (const auto* part = copy.config().find("text_config")) {
      auto text = *part;
      text.as_object().set("rope_parameters", llama3);
      copy.set("text_config", std::move(text));
    } else {
      copy.set("rope_parameters", llama3);
    }
    const auto refusal = test::refusal<FormatError>([&] { convert_model(copy.path(), copy.target()); });
    if (refusal != "was accepted") {
      EXPECT_THAT(refusal, AllOf(HasSubstr("'llama3'"), HasSubstr("default, linear")));
      continue;
    }
    EXPECT_NO_THROW(engine("llama.cpp").load({.model = copy.target()}));
    const auto has_factors = [](const TensorInfo& tensor) { return tensor.name == "rope_freqs.weight"; };
    if (std::ranges::any_of(read_model(copy.target()).tensors, has_factors)) taken.push_back(name);
  }
  EXPECT_THAT(taken, testing::ElementsAre("granite", "llama3", "mistral", "mixtral", "smollm"));
}

TEST(ConvertModel, RefusesTokenizersThatLlamaCppDoesNotHave) {
  const auto with = [](const std::string& from, const std::string& to) {
    const GeneratorCopy copy("gpt2");
    copy.replace_in("tokenizer.json", from, to);
    return copy.refusal();
  };
  EXPECT_THAT(with("\"use_regex\": true", "\"use_regex\": false"), HasSubstr("cut in a way that is not known"));
  EXPECT_THAT(with("\"normalizer\": null", R"("normalizer": {"type": "Lowercase"})"), HasSubstr("not known"));
  EXPECT_THAT(with("\"id\": 4,", "\"id\": 400,"), HasSubstr("400"));
  const GeneratorCopy without("gpt2");
  fs::remove(without.path() / "tokenizer.json");
  EXPECT_THAT(without.refusal(), HasSubstr("tokenizer.json"));
}

TEST(ConvertModel, JoinsTheExpertsOfALayer) {
  const GeneratorCopy copy("qwen3_moe");
  convert_model(copy.path(), copy.target());
  const auto model = read_model(copy.target());
  const auto found = std::ranges::find(model.tensors, "blk.1.ffn_down_exps.weight", &TensorInfo::name);
  ASSERT_NE(found, model.tensors.end());
  EXPECT_EQ(found->shape, (std::vector<std::uint64_t>{16, 32, 4}));
  fs::remove(copy.target());
  copy.replace_in("model.safetensors", "layers.1.mlp.experts.2.down_proj", "layers.1.mlp.experts.7.down_proj");
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("experts.3"), HasSubstr("from 0 on")));
}

TEST(ConvertModel, RefusesWhatStandsTwiceOrInNoPlaceOfAnExpert) {
  const auto with = [](const std::string& ending) {
    const GeneratorCopy copy("qwen3_moe");
    auto tensors = read_model(copy.path()).tensors;
    const auto of_one = std::ranges::find(tensors, "model.layers.1.mlp.experts.2.up_proj.weight", &TensorInfo::name);
    tensors.push_back(*of_one);
    tensors.back().name = "model.layers.1.mlp.experts.2." + ending;
    copy.write_tensors(tensors);
    return copy.refusal();
  };
  EXPECT_THAT(with("w3.weight"), AllOf(HasSubstr("w3.weight"), HasSubstr("ffn_up of expert 2 again")));
  EXPECT_THAT(with("up_proj"), AllOf(HasSubstr("up_proj"), HasSubstr("the weight of an expert")));
  EXPECT_THAT(with("up_proj.bias"), AllOf(HasSubstr("up_proj.bias"), HasSubstr("the weight of an expert")));
}

TEST(ConvertModel, RefusesFilesThatAreDamagedOrMissing) {
  const GeneratorCopy copy("llama3");
  copy.replace_in("model.safetensors", "self_attn.q_proj.weight", "self_attn.x_proj.weight");
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("x_proj"), HasSubstr("no place in GGUF")));
  fs::resize_file(copy.path() / "model.safetensors", 9000);
  EXPECT_THAT(copy.refusal(), HasSubstr("model.safetensors"));
  fs::remove(copy.path() / "config.json");
  EXPECT_NE(copy.refusal(), "was accepted");
}

TEST(ConvertModel, WithAnyWrongEntryEndsInNoMoreThanAnError) {
  const std::vector<Value> wrong = {nullptr, -1, 0, 3, 1000003, "text", 1e300, Value::Array{}, Value::Object{}};
  for (const auto* name :
       {"llama3", "qwen2", "gpt2", "flan_t5", "gemma2", "gemma3", "phi", "qwen3_moe", "smollm3", "granite"}) {
    GeneratorCopy copy(name);
    const auto good = copy.config();
    for (const auto& [entry, value] : good.as_object()) {
      for (const auto& bad : wrong) {
        copy.set(entry, bad);
        EXPECT_FALSE(copy.refusal().empty()) << name << ": " << entry;
      }
      copy.set(entry, value);
    }
    EXPECT_EQ(copy.refusal(), "was accepted") << name;
  }
}

/// "model.layers..mlp.experts..up_proj.weight" are those of all layers and experts.
std::string kind_of(std::string name) {
  std::erase_if(name, [](char c) { return c >= '0' && c <= '9'; });
  return name;
}

/// Wrong ones in place of `shape`; the contiguous dimension stands first.
std::vector<std::vector<std::uint64_t>> other_shapes(const std::vector<std::uint64_t>& shape) {
  std::vector<std::vector<std::uint64_t>> others = {
      {}, {0}, {1}, {0, 64}, {std::uint64_t{1} << 40U, 0}, {2, 2, 2, 2, 2}};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    for (const auto times : {0U, 2U}) {
      others.push_back(shape);
      others.back()[i] *= times;
    }
  }
  for (const auto more : {1U, 2U}) {
    others.push_back(shape);
    others.back().push_back(more);
  }
  others.emplace_back(shape.rbegin(), shape.rend());
  auto elements = std::uint64_t{1};
  for (const auto extent : shape) elements *= extent;
  others.push_back({elements});
  std::erase(others, shape);
  return others;
}

/// Where the last one ends, with what fills it up.
std::uint64_t end_of_tensors(const ModelProfile& model) {
  std::uint64_t end = 0;
  for (const auto& tensor : model.tensors) end = std::max(end, tensor.offset + tensor.bytes);
  return (end + 31) / 32 * 32;
}

TEST(ConvertModel, WithTensorsOfAnyShapeEndsInAnErrorOrInAFileThatIsWhole) {
  for (const auto* name : {"llama3", "gpt2", "flan_t5", "gemma3", "phi", "qwen2_moe"}) {
    const GeneratorCopy copy(name);
    const auto good = read_model(copy.path()).tensors;
    const auto load = [&] { engine("llama.cpp").load({.model = copy.target()}); };
    copy.write_tensors(good);
    convert_model(copy.path(), copy.target());
    EXPECT_EQ(test::refusal<EngineError>(load), "was accepted") << name;
    std::set<std::string> kinds;
    for (const auto& tensor : good) {
      const auto kind = kind_of(tensor.name);
      if (!kinds.insert(kind).second) continue;
      for (const auto& shape : other_shapes(tensor.shape)) {
        SCOPED_TRACE(fmt::format("{}: {} [{}]", name, kind, fmt::join(shape, ", ")));
        auto tensors = good;
        for (auto& each : tensors)
          if (kind_of(each.name) == kind) each.shape = shape;
        copy.write_tensors(tensors);
        fs::remove(copy.target());
        if (test::refusal<FormatError>([&] { convert_model(copy.path(), copy.target()); }) != "was accepted") continue;
        EXPECT_EQ(end_of_tensors(read_model(copy.target())), fs::file_size(copy.target()));
        test::refusal<EngineError>(load);
      }
    }
  }
}

TEST(ConvertModel, RefusesShapesThatATensorCannotHaveAndSaysWhich) {
  const auto with = [](const char* model, const char* name, const std::vector<std::uint64_t>& shape) {
    const GeneratorCopy copy(model);
    auto tensors = read_model(copy.path()).tensors;
    std::ranges::find(tensors, name, &TensorInfo::name)->shape = shape;
    copy.write_tensors(tensors);
    return copy.refusal();
  };
  EXPECT_THAT(with("llama3", "model.layers.0.self_attn.q_proj.weight", {}),
              AllOf(HasSubstr("q_proj"), HasSubstr("[]"), HasSubstr("above 0")));
  EXPECT_THAT(with("llama3", "model.layers.0.self_attn.q_proj.weight", {64, 0}), HasSubstr("[0, 64]"));
  EXPECT_THAT(with("gpt2", "transformer.h.0.mlp.c_fc.weight", {128, 0}), HasSubstr("[0, 128]"));
  EXPECT_THAT(with("qwen2_moe", "model.layers.0.mlp.shared_expert_gate.weight", {32, 2}),
              AllOf(HasSubstr("shared_expert_gate"), HasSubstr("[2, 32]"), HasSubstr("one row")));
}

TEST(ConvertModel, LeavesNothingWhereItIsCancelledOrCannotWrite) {
  const GeneratorCopy copy("llama3");
  EXPECT_THROW(convert_model(copy.path(), copy.target(), {.progress = [](float part) { return part < 0.5F; }}),
               Cancelled);
  EXPECT_THROW(convert_model(copy.path(), copy.path() / "no" / "folder.gguf"), fs::filesystem_error);
  for (const auto& entry : fs::directory_iterator(copy.target().parent_path()))
    EXPECT_EQ(entry.path().filename(), "model") << entry.path();
}

TEST(LoadableModel, IsMadeOnceAndAnewWhenTheFolderChanges) {
  GeneratorCopy copy("llama3");
  std::vector<std::string> told;
  const ConvertContext context{.log = [&](LogLevel, std::string_view text) { told.emplace_back(text); }};
  const auto first = loadable_model(copy.path(), copy.search(), context);
  EXPECT_EQ(first.parent_path(), copy.search().model_cache.parent_path() / "converted");
  EXPECT_FALSE(is_checked(first, copy.search())) << "it is what a stranger wrote";
  EXPECT_EQ(loadable_model(copy.path(), copy.search(), context), first);
  EXPECT_EQ(told.size(), 1U);
  const auto left = fs::path(first) += ".part-1";  // by a process that was killed
  fs::rename(first, left);
  EXPECT_EQ(loadable_model(copy.path(), copy.search(), context), first);
  EXPECT_FALSE(fs::exists(left));
  copy.set("max_position_embeddings", 128);
  const auto second = loadable_model(copy.path(), copy.search(), context);
  EXPECT_NE(second, first);
  EXPECT_EQ(read_model(second).context_length, 128U);
  EXPECT_FALSE(fs::exists(first)) << "nothing asks for it any more";
  EXPECT_EQ(loadable_model(second, copy.search(), context), second) << "a file is what it is";
}

TEST(ConvertModel, LeavesWhatAnotherProcessWritesAndWhatIsOfAnotherFolder) {
  GeneratorCopy copy("qwen3");
  const auto first = loadable_model(copy.path(), copy.search());
  const GeneratorCopy namesake("qwen3");
  const auto other = loadable_model(namesake.path(), copy.search());
  const auto lock = lock_file(fs::path(first).replace_extension(".lock"));
  ASSERT_TRUE(lock);
  copy.set("max_position_embeddings", 128);
  EXPECT_NE(loadable_model(copy.path(), copy.search()), first);
  EXPECT_TRUE(fs::exists(first));
  EXPECT_TRUE(fs::exists(other));
}

TEST(ConvertModel, WhoWaitsForAnotherProcessCanBeStopped) {
  const GeneratorCopy copy("qwen3");
  const auto file = loadable_model(copy.path(), copy.search());
  const auto lock = lock_file(fs::path(file).replace_extension(".lock"));
  ASSERT_TRUE(lock);
  fs::remove(file);
  std::stop_source stop;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  EXPECT_THROW((void)loadable_model(copy.path(), copy.search(), {.stop = stop.get_token()}), Cancelled);
}

}  // namespace
}  // namespace berth
