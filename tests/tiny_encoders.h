/// Encoders in GGUF files that a test writes itself: a decoder as Qwen3-Embedding is one, and a BERT of tests/data/encoders.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "berth/model.h"
#include "encoder_cases.h"
#include "model/gguf_writer.h"
#include "tiny_t5.h"

namespace berth::test {

/// A GGUF file with tensors of float32.
class TensorFile {
 public:
  GgufWriter header;

  void add(const std::string& name, const std::vector<std::uint64_t>& shape, std::string_view bytes) {
    header.tensor(name, 0, shape, bytes.size());
    data_ += bytes;
    data_.resize((data_.size() + 31) / 32 * 32);
  }
  void add_random(const std::string& name, const std::vector<std::uint64_t>& shape, float scale = 0.5F) {
    std::vector<float> values(1);
    for (const auto extent : shape) values.resize(values.size() * extent);
    for (auto& value : values)
      value = name.ends_with("norm.weight") ? 1.0F : scale * (static_cast<float>(random_()) / 2147483648.0F - 1.0F);
    add(name, shape, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  void add_float(std::string_view key, float value) {
    header.raw_value(key, GgufWriter::Type::float32, Bytes().number(value));
  }
  void add_flag(std::string_view key, bool value) {
    header.raw_value(key, GgufWriter::Type::boolean, Bytes().number(static_cast<std::uint8_t>(value)));
  }
  void add_texts(std::string_view key, const std::vector<std::string>& texts) {
    auto bytes = GgufWriter::array_header(GgufWriter::Type::string, texts.size());
    for (const auto& text : texts) bytes.string(text);
    header.raw_value(key, GgufWriter::Type::array, bytes);
  }
  std::filesystem::path write(const std::filesystem::path& path) const {
    auto bytes = header.bytes();
    bytes.replace(bytes.size() - data_.size(), data_.size(), data_);
    return GgufWriter::write_file(path, bytes);
  }

 private:
  std::string data_;
  std::mt19937 random_{11};
};

/// As convert_hf_to_gguf.py writes Qwen3. Its words are letters, as those of TinyT5; "</s>" stands at the end of a text.
struct TinyQwen3 {
  std::string architecture = "qwen3";
  std::optional<std::uint32_t> pooling = 3;
  std::uint32_t context_length = 1024;
  std::vector<std::string> answers = {};  ///< those of a ranker
  std::optional<std::string> rerank_template = {};
  std::optional<bool> causal = {};
  std::string vocabulary = {};  ///< of this kind and without words

  std::filesystem::path write(const std::filesystem::path& path) const {
    constexpr std::uint32_t width = 32;
    constexpr std::uint32_t head = 16;
    TensorFile file;
    auto& header = file.header;
    const auto key = [&](const char* name) { return architecture + "." + name; };
    header.add("general.architecture", architecture).add(key("context_length"), context_length);
    header.add(key("embedding_length"), width).add(key("block_count"), 2U).add(key("feed_forward_length"), 48U);
    header.add(key("attention.head_count"), 2U).add(key("attention.head_count_kv"), 1U);
    header.add(key("attention.key_length"), head).add(key("attention.value_length"), head);
    file.add_float(key("attention.layer_norm_rms_epsilon"), 1e-6F);
    file.add_float(key("rope.freq_base"), 1e6F);
    if (pooling) header.add(key("pooling_type"), *pooling);
    if (causal) file.add_flag(key("attention.causal"), *causal);
    if (!answers.empty()) file.add_texts(key("classifier.output_labels"), answers);
    if (rerank_template) header.add("tokenizer.chat_template.rerank", *rerank_template);
    const auto words = std::uint64_t{TinyT5::words().size()};
    if (vocabulary.empty())
      TinyT5::add_vocabulary(header);
    else
      header.add("tokenizer.ggml.model", vocabulary).add(key("vocab_size"), static_cast<std::uint32_t>(words));
    file.add_random("token_embd.weight", {width, words});
    file.add_random("output_norm.weight", {width});
    if (!answers.empty()) file.add_random("cls.output.weight", {width, answers.size()});
    for (const std::string layer : {"blk.0.", "blk.1."}) {
      for (const char* norm : {"attn_norm", "ffn_norm"}) file.add_random(layer + norm + ".weight", {width});
      for (const char* norm : {"attn_q_norm", "attn_k_norm"}) file.add_random(layer + norm + ".weight", {head});
      file.add_random(layer + "attn_q.weight", {width, 2 * head});
      for (const char* part : {"attn_k", "attn_v"}) file.add_random(layer + part + ".weight", {width, head});
      file.add_random(layer + "attn_output.weight", {2 * head, width});
      for (const char* part : {"ffn_gate", "ffn_up"}) file.add_random(layer + part + ".weight", {width, 48});
      file.add_random(layer + "ffn_down.weight", {48, width});
    }
    return file.write(path);
  }
};

/// The BERT of a folder of Hugging Face as convert_hf_to_gguf.py writes it.
struct BertAsGguf {
  std::uint32_t pooling = 1;
  bool ranks = false;  ///< with a random head for one score

  std::filesystem::path write(const std::filesystem::path& folder, const std::filesystem::path& path) const {
    const auto config = read_json_file(folder / "config.json");
    const auto number = [&](const char* name) { return static_cast<std::uint32_t>(config.find(name)->as_int()); };
    TensorFile file;
    auto& header = file.header;
    header.add("general.architecture", "bert").add("bert.context_length", number("max_position_embeddings"));
    header.add("bert.embedding_length", number("hidden_size")).add("bert.block_count", number("num_hidden_layers"));
    header.add("bert.feed_forward_length", number("intermediate_size"));
    header.add("bert.attention.head_count", number("num_attention_heads"))
        .add("bert.pooling_type", ranks ? 4U : pooling);
    file.add_float("bert.attention.layer_norm_epsilon", 1e-12F);
    file.add_flag("bert.attention.causal", false);
    add_words(file, folder);
    add_tensors(file, folder);
    if (ranks) file.add_random("cls.output.weight", {number("hidden_size"), 1});
    return file.write(path);
  }

 private:
  static void add_words(TensorFile& file, const std::filesystem::path& folder) {
    const auto tokenizer = read_json_file(folder / "tokenizer.json");
    const auto& vocabulary = tokenizer.find("model")->find("vocab")->as_object();
    std::vector<std::string> words(vocabulary.size());
    auto types = GgufWriter::array_header(GgufWriter::Type::int32, words.size());
    const auto is_special = [](const std::string& word) { return word.starts_with("[") && word.ends_with("]"); };
    for (const auto& [word, id] : vocabulary)
      words.at(static_cast<std::size_t>(id.as_int())) =
          word.starts_with("##") ? word.substr(2) : (is_special(word) ? "" : "\xE2\x96\x81") + word;
    for (const auto& word : words) types.number(std::uint32_t{is_special(word) ? 3U : 1U});  // control, normal
    const auto id = [&](const char* word) { return static_cast<std::uint32_t>(vocabulary.at(word).as_int()); };
    auto& header = file.header;
    header.add("tokenizer.ggml.model", "bert").add("tokenizer.ggml.token_type_count", 2U);
    file.add_texts("tokenizer.ggml.tokens", words);
    header.raw_value("tokenizer.ggml.token_type", GgufWriter::Type::array, types);
    header.add("tokenizer.ggml.bos_token_id", id("[CLS]")).add("tokenizer.ggml.cls_token_id", id("[CLS]"));
    header.add("tokenizer.ggml.seperator_token_id", id("[SEP]")).add("tokenizer.ggml.unknown_token_id", id("[UNK]"));
    header.add("tokenizer.ggml.padding_token_id", id("[PAD]"));
  }

  static void add_tensors(TensorFile& file, const std::filesystem::path& folder) {
    static const std::map<std::string, std::string> names = {{"embeddings.word_embeddings", "token_embd"},
                                                             {"embeddings.position_embeddings", "position_embd"},
                                                             {"embeddings.token_type_embeddings", "token_types"},
                                                             {"embeddings.LayerNorm", "token_embd_norm"},
                                                             {"attention.self.query", "attn_q"},
                                                             {"attention.self.key", "attn_k"},
                                                             {"attention.self.value", "attn_v"},
                                                             {"attention.output.dense", "attn_output"},
                                                             {"attention.output.LayerNorm", "attn_output_norm"},
                                                             {"intermediate.dense", "ffn_up"},
                                                             {"output.dense", "ffn_down"},
                                                             {"output.LayerNorm", "layer_output_norm"}};
    const std::string layers = "encoder.layer.";
    std::ifstream source(folder / "model.safetensors", std::ios::binary);
    for (const auto& tensor : read_model(folder).tensors) {
      auto name = tensor.name;
      std::string begin;
      if (name.starts_with(layers)) {
        const auto end = name.find('.', layers.size());
        begin = "blk." + name.substr(layers.size(), end - layers.size()) + ".";
        name = name.substr(end + 1);
      }
      const auto dot = name.rfind('.');
      const auto known = names.find(name.substr(0, dot));
      if (known == names.end()) continue;
      std::string bytes(tensor.bytes, '\0');
      source.seekg(static_cast<std::streamoff>(tensor.offset));
      source.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      file.add(begin + known->second + name.substr(dot), tensor.shape, bytes);
    }
  }
};

}  // namespace berth::test
