/// Encoders whose files are damaged, or contradict each other: an error that says what and where, and never more.
#include <gmock/gmock.h>

#include <fstream>

#include "berth/encoder.h"
#include "berth/error.h"
#include "encoder_cases.h"
#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A copy of one of the encoders, to be changed.
class EncoderCopy {
 public:
  explicit EncoderCopy(const std::string& name) {
    std::filesystem::copy(std::filesystem::path(BERTH_TEST_DATA_DIR "/encoders") / name, path(),
                          std::filesystem::copy_options::recursive);
    config_ = test::read_json_file(path() / "config.json");
  }
  std::filesystem::path path() const { return folder_.path() / "model"; }
  Value& config() { return config_; }

  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path() / file, std::ios::binary) << text;
  }
  void set(const std::string& name, Value value) {
    config_.as_object().set(name, std::move(value));
    write("config.json", config_.to_json());
  }
  /// Replaces what stands at the start of the weights' header.
  void rename_tensor(const std::string& from, const std::string& to) const {
    auto text = bytes();
    text.replace(text.find("\"" + from), from.size() + 1, "\"" + to);
    write("model.safetensors", text);
  }
  /// Sets four bytes at the end of the file.
  void set_last_number(const std::string& four) const {
    auto text = bytes();
    text.replace(text.size() - 4, 4, four);
    write("model.safetensors", text);
  }
  std::string bytes() const {
    std::ifstream file(path() / "model.safetensors", std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string refusal() const {
    try {
      const auto model = load_encoder({.model = path()});
      model->encode({.token_ids = {{3, 4, 5}}});
    } catch (const std::invalid_argument& problem) {
      return std::string("invalid: ") + problem.what();
    } catch (const std::runtime_error& problem) {  // FormatError, EngineError, ModelNotFound
      return problem.what();
    }
    return "was accepted";
  }

 private:
  test::TemporaryFolder folder_;
  Value config_;
};

TEST(EncoderFiles, OfAnUnknownArchitectureAreRefusedWithTheKnown) {
  EncoderCopy copy("bert_model");
  copy.set("model_type", "bart");
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("'bart'"), HasSubstr("modernbert"), HasSubstr("config.json")));
  copy.set("model_type", nullptr);
  EXPECT_THAT(copy.refusal(), HasSubstr("does not name"));
  std::filesystem::remove(copy.path() / "config.json");
  EXPECT_THAT(copy.refusal(), HasSubstr("config.json"));
}

TEST(EncoderFiles, WhoseShapesContradictTheConfigurationAreRefused) {
  const auto with = [](const std::string& name, Value value) {
    EncoderCopy copy("bert_nli");
    copy.set(name, std::move(value));
    return copy.refusal();
  };
  EXPECT_THAT(with("vocab_size", 41),
              AllOf(HasSubstr("word_embeddings.weight"), HasSubstr("[40, 16]"), HasSubstr("[41, 16]")));
  EXPECT_THAT(with("hidden_size", 17), HasSubstr("num_attention_heads"));
  EXPECT_THAT(with("num_hidden_layers", 3), AllOf(HasSubstr("no tensor"), HasSubstr("encoder.layer.2")));
  EXPECT_THAT(with("intermediate_size", 3), HasSubstr("intermediate.dense"));
  EXPECT_THAT(with("hidden_act", "snake"), AllOf(HasSubstr("'snake'"), HasSubstr("gelu_new")));
  EXPECT_THAT(with("position_embedding_type", "rotary"), AllOf(HasSubstr("'rotary'"), HasSubstr("relative_key")));
  EXPECT_THAT(with("position_embedding_type", "relative_key"), HasSubstr("distance_embedding.weight"));
  EXPECT_THAT(with("id2label", Value::Object{{"0", "a"}, {"1", "b"}}), AllOf(HasSubstr("2 labels"), HasSubstr("3")));
  EXPECT_THAT(with("id2label", Value::Object{{"0", "a"}, {"1", "b"}, {"7", "c"}}), HasSubstr("0 to 2"));
  EXPECT_EQ(with("id2label", Value::Object{{"0", 5}, {"1", nullptr}, {"2", "c"}}), "was accepted") << "as labels";
  EXPECT_EQ(with("id2label", nullptr), "was accepted") << "labels then have numbers";
}

TEST(EncoderFiles, WithAnyWrongEntryEndInNoMoreThanAnError) {
  const std::vector<Value> wrong = {nullptr, -1, 0, 1000003, "text"};
  for (const auto* name : {"mpnet_nli", "modernbert_nli", "deberta_v2_ner"}) {
    EncoderCopy copy(name);
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

TEST(EncoderFiles, WithNumbersThatAreNoneAreRefusedWithTheirTensor) {
  EncoderCopy copy("bert_model");
  copy.set_last_number(std::string("\x00\x00\xc0\x7f", 4));
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("NaN"), HasSubstr("in tensor '"), HasSubstr("model.safetensors")));
  copy.set_last_number(std::string("\x00\x00\x80\xff", 4));
  EXPECT_THAT(copy.refusal(), HasSubstr("infinity"));
}

TEST(EncoderFiles, ThatAreCutOrMissingAreRefused) {
  EncoderCopy copy("bert_model");
  std::filesystem::resize_file(copy.path() / "model.safetensors", 9000);
  EXPECT_THAT(copy.refusal(), HasSubstr("model.safetensors"));
  std::filesystem::remove(copy.path() / "model.safetensors");
  EXPECT_THAT(copy.refusal(), HasSubstr("holds no model in safetensors"));
  const EncoderCopy shards("bert_shards");
  std::filesystem::remove(shards.path() / "model-00002-of-00003.safetensors");
  EXPECT_THAT(shards.refusal(), HasSubstr("model-00002-of-00003.safetensors"));
  EXPECT_THAT(test::refusal<std::runtime_error>([] { load_encoder({.model = "/nowhere"}); }), HasSubstr("/nowhere"));
}

TEST(EncoderFiles, WithoutATensorAreRefusedWithTheOneThatComesNear) {
  const EncoderCopy copy("bert_model");
  copy.rename_tensor("encoder.layer.1.output.dense.weight", "encoder.layer.1.output.dense.Weight");
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("no tensor 'encoder.layer.1.output.dense.weight'"),
                                    HasSubstr("'encoder.layer.1.output.dense.Weight'")));
}

TEST(EncoderFiles, WithRotationsThatAreStretchedAreRefused) {
  EncoderCopy copy("modernbert_model");
  copy.set("rope_scaling", Value::Object{{"rope_type", "yarn"}, {"factor", 4.0}});
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("rope_scaling"), HasSubstr("'yarn'")));
  copy.set("rope_scaling", Value::Object{{"rope_type", "default"}});
  EXPECT_EQ(copy.refusal(), "was accepted");
  copy.set("rope_parameters", Value::Object{{"full_attention", Value::Object{{"rope_type", "linear"}}}});
  EXPECT_THAT(copy.refusal(), AllOf(HasSubstr("rope_parameters"), HasSubstr("'linear'")));
}

/// transformers 5 lists the layers and their rotations, where 4 had numbers.
TEST(EncoderFiles, OfBothMajorVersionsOfTransformersSayTheSame) {
  EncoderCopy copy("modernbert_model");
  const EncodeRequest request{.token_ids = {{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
                              .outputs = {EncoderOutput::hidden_states}};
  const auto expected = load_encoder({.model = copy.path()})->encode(request);
  for (const auto* name : {"global_attn_every_n_layers", "global_rope_theta", "local_rope_theta"})
    copy.set(name, nullptr);
  const auto kinds = [&](Value first, Value second, Value third) {
    copy.set("layer_types", Value::Array{std::move(first), std::move(second), std::move(third)});
    return load_encoder({.model = copy.path()})->encode(request);
  };
  copy.set("rope_parameters",
           Value::Object{{"full_attention", Value::Object{{"rope_type", "default"}}},
                         {"sliding_attention", Value::Object{{"rope_type", "default"}, {"rope_theta", 10000.0}}}});
  EXPECT_EQ(kinds("full_attention", "sliding_attention", "full_attention"), expected);
  EXPECT_NE(kinds("full_attention", "full_attention", "full_attention"), expected);
}

TEST(EncoderFiles, WithHeadsThatAreMixedAreRefused) {
  EncoderCopy copy("deberta_nli");
  copy.set("talking_head", true);
  EXPECT_THAT(copy.refusal(), HasSubstr("talking_head: found true"));
}

/// Models for embeddings often keep the class that they were made of in their configuration.
TEST(EncoderFiles, WithoutTheirClassHaveTheHeadOfTheirWeights) {
  using enum EncoderTask;
  const std::pair<std::string, EncoderTask> tasks[] = {{"bert_model", none},
                                                       {"bert_nli", sequence_classification},
                                                       {"bert_ner", token_classification},
                                                       {"bert_qa", question_answering},
                                                       {"bert_mlm", masked_lm},
                                                       {"roberta_nli", sequence_classification},
                                                       {"xlm_roberta_ner", token_classification},
                                                       {"distilbert_nli", sequence_classification},
                                                       {"distilbert_mlm", masked_lm},
                                                       {"electra_ner", token_classification},
                                                       {"deberta_nli", sequence_classification},
                                                       {"deberta_v3_nli", sequence_classification},
                                                       {"modernbert_model", none},
                                                       {"modernbert_nli", sequence_classification},
                                                       {"modernbert_ranker", sequence_classification},
                                                       {"modernbert_ner", sequence_classification},
                                                       {"modernbert_mlm", masked_lm}};
  for (const auto& [name, task] : tasks) {
    EncoderCopy copy(name);
    copy.set("architectures", nullptr);
    EXPECT_EQ(load_encoder({.model = copy.path()})->info().task, task) << name;
  }
}

TEST(EncoderFiles, WithoutTheirHeadGiveHiddenStates) {
  EncoderCopy copy("mpnet_model");
  copy.set("architectures", Value::Array{"MPNetForMaskedLM"});
  const auto model = load_encoder({.model = copy.path()});
  EXPECT_EQ(model->info().task, EncoderTask::none);
  EXPECT_EQ(model->info().missing_weight, "lm_head.dense.weight");
  EXPECT_EQ(model->encode({.token_ids = {{3, 4}}, .outputs = {EncoderOutput::embedding}}).embedding.rows(), 1U);
  EXPECT_THAT(test::refusal([&] { model->encode({.token_ids = {{3}}, .outputs = {EncoderOutput::logits}}); }),
              AllOf(HasSubstr("MPNetForMaskedLM"), HasSubstr("without the weights of a head")));
}

TEST(EncoderFiles, OfModulesThatContradictTheModelAreRefused) {
  const EncoderCopy copy("st_dense");
  const auto with = [&](const std::string& file, const std::string& text) {
    std::filesystem::copy_file(copy.path() / file, copy.path() / "kept",
                               std::filesystem::copy_options::overwrite_existing);
    copy.write(file, text);
    auto refusal = copy.refusal();
    std::filesystem::copy_file(copy.path() / "kept", copy.path() / file,
                               std::filesystem::copy_options::overwrite_existing);
    return refusal;
  };
  EXPECT_THAT(with("modules.json", "{}"), HasSubstr("no list of modules"));
  EXPECT_THAT(
      with("modules.json", R"([{"type": "a.Transformer", "path": ""}, {"type": "a.CNN", "path": "1_Pooling"}])"),
      HasSubstr((copy.path() / "modules.json").string() + "' names the module 'CNN'"));
  EXPECT_THAT(with("modules.json", R"([{"type": "a.Transformer", "path": ""}, {"type": "a.WordWeights", "path": ""}])"),
              AllOf(HasSubstr("'WordWeights'"), HasSubstr("Pooling")));
  EXPECT_THAT(with("modules.json", R"([{"type": "a.StaticEmbedding", "path": ""}])"), HasSubstr("'StaticEmbedding'"));
  EXPECT_THAT(with("modules.json", R"([{"type": "a.Pooling", "path": "../1_Pooling"}])"), HasSubstr("'..'"));
  EXPECT_THAT(with("1_Pooling/config.json", R"({"word_embedding_dimension": 17})"),
              AllOf(HasSubstr("17"), HasSubstr("16")));
  EXPECT_THAT(with("1_Pooling/config.json", R"({"pooling_mode_mean_tokens": false})"), HasSubstr("no mode of pooling"));
  EXPECT_THAT(with("2_Dense/config.json", R"({"in_features": 15, "out_features": 8})"), HasSubstr("in_features"));
  EXPECT_THAT(with("2_Dense/config.json", R"({"in_features": 16, "out_features": 9})"), HasSubstr("linear.weight"));
  EXPECT_EQ(copy.refusal(), "was accepted");
}

}  // namespace
}  // namespace berth
