/// Writes small safetensors files, good and bad, and the folders of models of Hugging Face.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "berth/model.h"
#include "model/gguf_writer.h"

namespace berth::test {

/// A safetensors file in the making: tensors one after the other, as the format wants.
///
///     SafetensorsWriter().tensor("a", "F32", {2, 3}, 24).bytes();
class SafetensorsWriter {
 public:
  SafetensorsWriter& tensor(std::string_view name, std::string_view type, const std::vector<std::uint64_t>& shape,
                            std::uint64_t bytes) {
    const auto begin = data_bytes_;
    data_bytes_ += bytes;
    return entry(name, type, shape, begin, data_bytes_);
  }
  /// An entry that may be wrong; no data are written for it.
  SafetensorsWriter& entry(std::string_view name, std::string_view type, const std::vector<std::uint64_t>& shape,
                           std::uint64_t begin, std::uint64_t end) {
    return raw(fmt::format(R"("{}": {{"dtype": "{}", "shape": [{}], "data_offsets": [{}, {}]}})", name, type,
                           fmt::join(shape, ", "), begin, end));
  }
  /// Any text between the braces of the header.
  SafetensorsWriter& raw(std::string_view text) {
    if (!entries_.empty()) entries_ += ", ";
    entries_ += text;
    return *this;
  }
  SafetensorsWriter& data(std::uint64_t bytes) {
    data_bytes_ = bytes;
    return *this;
  }

  std::string header() const { return "{" + entries_ + "}"; }
  std::string bytes() const { return with_header(header(), data_bytes_); }
  std::filesystem::path write(const std::filesystem::path& path) const { return GgufWriter::write_file(path, bytes()); }
  /// The same without the room for the data, which the file system gives for nothing.
  std::filesystem::path write_sparse(const std::filesystem::path& path) const {
    GgufWriter::write_file(path, with_header(header(), 0));
    std::filesystem::resize_file(path, 8 + header().size() + data_bytes_);
    return path;
  }

  static std::string with_header(std::string_view header, std::uint64_t data_bytes) {
    return Bytes().number(std::uint64_t{header.size()}).raw(header).zeros(data_bytes).text();
  }

 private:
  std::string entries_;
  std::uint64_t data_bytes_ = 0;
};

inline SafetensorsWriter small_safetensors() {
  SafetensorsWriter writer;
  writer.raw(R"("__metadata__": {"format": "pt"})");
  writer.tensor("model.embed_tokens.weight", "BF16", {10, 4}, 80);
  writer.tensor("model.layers.0.self_attn.q_proj.weight", "BF16", {4, 4}, 32);
  return writer.tensor("model.layers.0.mlp.down_proj.weight", "F32", {4, 8}, 128);
}

/// Why a model is refused, or "was accepted".
inline std::string model_refusal(const std::filesystem::path& path) {
  try {
    read_model(path);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "was accepted";
}

}  // namespace berth::test
