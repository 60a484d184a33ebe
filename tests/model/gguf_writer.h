/// Writes small GGUF files, good and bad.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "model/gguf_metadata.h"

namespace berth::test {

/// Little-endian bytes, put down one after the other.
class Bytes {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> Bytes& number(T value) {
    if constexpr (std::is_same_v<T, float>) {
      return number(std::bit_cast<std::uint32_t>(value));
    } else if constexpr (std::is_same_v<T, double>) {
      return number(std::bit_cast<std::uint64_t>(value));
    } else {
      for (std::size_t i = 0; i < sizeof(T); ++i)
        text_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
      return *this;
    }
  }
  Bytes& raw(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  Bytes& string(std::string_view text) { return number(std::uint64_t{text.size()}).raw(text); }
  Bytes& zeros(std::size_t count) {
    text_.append(count, '\0');
    return *this;
  }

  const std::string& text() const { return text_; }
  std::size_t size() const { return text_.size(); }

 private:
  std::string text_;
};

/// A GGUF file in the making. Every field can be given a wrong value; what is not given is right.
///
///     GgufWriter().add("general.architecture", "llama").tensor("token_embd.weight", 0, {32, 4}).bytes();
class GgufWriter {
 public:
  using Type = model::GgufType;

  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;            ///< of the data; add "general.alignment" too
  std::uint64_t extra_metadata_count = 0;  ///< added to the true count
  std::uint64_t extra_tensor_count = 0;
  std::uint64_t data_cut = 0;  ///< bytes left out at the end

  GgufWriter& raw_value(std::string_view key, Type type, const Bytes& value) {
    metadata_.string(key).number(static_cast<std::uint32_t>(type)).raw(value.text());
    ++metadata_count_;
    return *this;
  }
  GgufWriter& add(std::string_view key, std::string_view value) {
    return raw_value(key, Type::string, Bytes().string(value));
  }
  GgufWriter& add(std::string_view key, std::uint32_t value) {
    return raw_value(key, Type::uint32, Bytes().number(value));
  }
  GgufWriter& add_uint16(std::string_view key, std::uint16_t value) {
    return raw_value(key, Type::uint16, Bytes().number(value));
  }
  GgufWriter& add_strings(std::string_view key, std::size_t count, std::string_view value = "token") {
    auto bytes = array_header(Type::string, count);
    for (std::size_t i = 0; i < count; ++i) bytes.string(value);
    return raw_value(key, Type::array, bytes);
  }
  GgufWriter& add_int32s(std::string_view key, std::size_t count) {
    auto bytes = array_header(Type::int32, count);
    for (std::size_t i = 0; i < count; ++i) bytes.number(static_cast<std::uint32_t>(i));
    return raw_value(key, Type::array, bytes);
  }
  static Bytes array_header(Type element_type, std::uint64_t count) {
    return Bytes().number(static_cast<std::uint32_t>(element_type)).number(count);
  }

  /// A tensor of ggml type number `type`, its data of `bytes` after those of the tensor before.
  GgufWriter& tensor(std::string_view name, std::uint32_t type, const std::vector<std::uint64_t>& shape,
                     std::uint64_t bytes) {
    raw_tensor(name, static_cast<std::uint32_t>(shape.size()), shape, type, data_bytes_);
    data_bytes_ = (data_bytes_ + bytes + alignment - 1) / alignment * alignment;
    return *this;
  }
  GgufWriter& raw_tensor(std::string_view name, std::uint32_t dimensions, const std::vector<std::uint64_t>& shape,
                         std::uint32_t type, std::uint64_t offset) {
    tensors_.string(name).number(dimensions);
    for (const auto extent : shape) tensors_.number(extent);
    tensors_.number(type).number(offset);
    ++tensor_count_;
    return *this;
  }
  GgufWriter& data(std::uint64_t bytes) {
    data_bytes_ = bytes;
    return *this;
  }

  std::string header() const {
    Bytes file;
    file.raw(magic).number(version);
    file.number(tensor_count_ + extra_tensor_count).number(metadata_count_ + extra_metadata_count);
    return file.raw(metadata_.text()).raw(tensors_.text()).text();
  }
  std::string bytes() const {
    Bytes file;
    file.raw(header());
    if (tensor_count_ > 0) file.zeros((alignment - file.size() % alignment) % alignment);
    return file.zeros(data_bytes_).text().substr(0, file.size() - data_cut);
  }
  std::filesystem::path write(const std::filesystem::path& path) const { return write_file(path, bytes()); }

  static std::filesystem::path write_file(const std::filesystem::path& path, std::string_view bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path;
  }

 private:
  Bytes metadata_;
  Bytes tensors_;
  std::uint64_t metadata_count_ = 0;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t data_bytes_ = 0;
};

/// A small model with every kind of entry: a llama of two tensors.
inline GgufWriter small_model() {
  GgufWriter writer;
  writer.add("general.architecture", "llama").add("general.name", "Small").add("llama.context_length", 2048U);
  writer.add("llama.block_count", 2U).add_strings("tokenizer.ggml.tokens", 600).add_int32s("llama.head_counts", 2);
  writer.add("tokenizer.chat_template", "{{ messages }}");
  writer.tensor("token_embd.weight", 3, {32, 4}, 80);  // Q4_1: blocks of 32 in 20 bytes
  writer.tensor("blk.0.ffn_up.weight", 0, {8, 4, 2}, 256);
  return writer;
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace berth::test
