/// A model with encoder and decoder that a test writes itself: T5 in small, with random weights.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "model/gguf_writer.h"

namespace berth::test {

/// As llama.cpp's convert_hf_to_gguf.py writes flan-t5. Its words are letters, of which some begin a word. It says "</s>" only where `ends` is set.
struct TinyT5 {
  std::uint32_t layers = 3;
  std::optional<std::uint32_t> decoder_layers = {};
  std::uint32_t width = 32;
  std::uint32_t heads = 4;
  std::uint32_t feed_forward = 64;
  std::uint32_t context_length = 128;
  std::uint32_t buckets = 32;
  std::optional<std::uint32_t> start_token = 0;
  std::string without_tensor = {};
  bool tied = false;  ///< as T5 1.0 is, without a gate either
  bool ends = false;

  std::filesystem::path write(const std::filesystem::path& path) const;

  static std::vector<std::string> words();
  static void add_vocabulary(GgufWriter& file);

 private:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> shape;
  };
  std::vector<Tensor> tensors() const;
  void add_metadata(GgufWriter& file) const;
};

inline std::vector<std::string> TinyT5::words() {
  std::vector<std::string> words = {"<pad>", "</s>", "<unk>", "\xE2\x96\x81"};
  for (const char* begin : {"", "\xE2\x96\x81"})
    for (char letter = 'a'; letter <= 'z'; ++letter) words.push_back(begin + std::string(1, letter));
  return words;
}

inline std::vector<TinyT5::Tensor> TinyT5::tensors() const {
  const auto vocabulary = words().size();
  std::vector<Tensor> all = {{"token_embd.weight", {width, vocabulary}},
                             {"enc.output_norm.weight", {width}},
                             {"dec.output_norm.weight", {width}}};
  if (!tied) all.push_back({"output.weight", {width, vocabulary}});
  const auto add_layer = [&](const std::string& stack, std::uint32_t i) {
    const auto begin = stack + ".blk." + std::to_string(i) + ".";
    for (const std::string attention : {"attn", "cross_attn"}) {
      if (stack == "enc" && attention != "attn") continue;
      all.push_back({begin + attention + "_norm.weight", {width}});
      for (const char* part : {"q", "k", "v", "o"})
        all.push_back({begin + attention + "_" + part + ".weight", {width, width}});
    }
    if (i == 0) all.push_back({begin + "attn_rel_b.weight", {heads, buckets}});
    all.push_back({begin + "ffn_norm.weight", {width}});
    if (!tied) all.push_back({begin + "ffn_gate.weight", {width, feed_forward}});
    all.push_back({begin + "ffn_up.weight", {width, feed_forward}});
    all.push_back({begin + "ffn_down.weight", {feed_forward, width}});
  };
  for (std::uint32_t i = 0; i < layers; ++i) add_layer("enc", i);
  for (std::uint32_t i = 0; i < decoder_layers.value_or(layers); ++i) add_layer("dec", i);
  std::erase_if(all, [&](const auto& tensor) { return tensor.name == without_tensor; });
  return all;
}

inline void TinyT5::add_vocabulary(GgufWriter& file) {
  const auto all = words();
  auto tokens = GgufWriter::array_header(GgufWriter::Type::string, all.size());
  auto scores = GgufWriter::array_header(GgufWriter::Type::float32, all.size());
  auto types = GgufWriter::array_header(GgufWriter::Type::int32, all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    tokens.string(all[i]);
    scores.number(i < 3 ? 0.0F : -static_cast<float>(i) / 10);
    types.number(std::uint32_t{i == 2 ? 2U : i < 2 ? 3U : 1U});  // unknown, control, normal
  }
  file.add("tokenizer.ggml.model", "t5").add("tokenizer.ggml.pre", "default");
  file.raw_value("tokenizer.ggml.tokens", GgufWriter::Type::array, tokens);
  file.raw_value("tokenizer.ggml.scores", GgufWriter::Type::array, scores);
  file.raw_value("tokenizer.ggml.token_type", GgufWriter::Type::array, types);
  file.add("tokenizer.ggml.padding_token_id", 0U).add("tokenizer.ggml.eos_token_id", 1U);
  file.add("tokenizer.ggml.unknown_token_id", 2U);
  for (const auto& [key, value] : {std::pair{"add_bos_token", 0}, {"add_eos_token", 1}, {"add_space_prefix", 1}})
    file.raw_value(std::string("tokenizer.ggml.") + key, GgufWriter::Type::boolean,
                   Bytes().number(static_cast<std::uint8_t>(value)));
}

inline void TinyT5::add_metadata(GgufWriter& file) const {
  file.add("general.architecture", "t5").add("general.name", "Tiny T5");
  file.add("t5.context_length", context_length).add("t5.embedding_length", width).add("t5.block_count", layers);
  file.add("t5.feed_forward_length", feed_forward).add("t5.attention.head_count", heads);
  file.add("t5.attention.key_length", width / heads).add("t5.attention.value_length", width / heads);
  file.add("t5.attention.relative_buckets_count", buckets);
  file.raw_value("t5.attention.layer_norm_rms_epsilon", GgufWriter::Type::float32, Bytes().number(1e-6F));
  if (decoder_layers) file.add("t5.decoder_block_count", *decoder_layers);
  if (start_token) file.add("t5.decoder_start_token_id", *start_token);
  add_vocabulary(file);
}

inline std::filesystem::path TinyT5::write(const std::filesystem::path& path) const {
  GgufWriter file;
  add_metadata(file);
  std::mt19937 random(7);
  std::string data;
  for (const auto& [name, shape] : tensors()) {
    std::uint64_t count = 1;
    for (const auto extent : shape) count *= extent;
    file.tensor(name, 0, shape, count * sizeof(float));
    std::vector<float> values(count);
    const auto scale = name.ends_with("_norm.weight") ? 0.0F : name.find("_rel_b") != name.npos ? 2.0F : 0.7F;
    for (auto& value : values)
      value = scale == 0 ? 1.0F : scale * (static_cast<float>(random()) / 2147483648.0F - 1.0F);
    const bool is_output = name == (tied ? "token_embd.weight" : "output.weight");
    if (is_output && !ends) std::fill_n(values.begin(), 3 * width, 0.0F);  // the special tokens
    data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    data.resize((data.size() + 31) / 32 * 32);
  }
  auto bytes = file.bytes();
  bytes.replace(bytes.size() - data.size(), data.size(), data);
  return GgufWriter::write_file(path, bytes);
}

}  // namespace berth::test
