#include "model/profile.h"

#include <fmt/format.h>

#include <utility>

#include "model/layers.h"
#include "model/tensor_role.h"
#include "text/printable.h"

namespace berth::model {
namespace {

[[noreturn]] void fail_type(const ByteReader& reader, const GgufMetadata& metadata, std::string_view key,
                            std::string expected) {
  const auto& info = metadata.infos.at(key);
  reader.fail(info.offset, fmt::format("metadata {} of type {}", in_quotes(key), to_string(info.type)),
              std::move(expected));
}

/// A string, or nothing where the key is absent.
std::optional<std::string> find_string(const ByteReader& reader, const GgufMetadata& metadata, std::string_view key) {
  const Value* value = metadata.values.find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) fail_type(reader, metadata, key, "a string of at most 1 MiB");
  return value->as_string();
}

std::optional<std::uint64_t> layer_count(const ByteReader& reader, const GgufMetadata& metadata,
                                         const std::string& architecture) {
  const auto key = architecture + ".block_count";
  const auto count = find_count(reader, metadata, key);
  if (count.value_or(0) > most_layers)
    reader.fail(metadata.infos.at(key).offset, fmt::format("metadata {} of {}", in_quotes(key), *count),
                fmt::format("at most {} layers: the file is damaged", most_layers));
  return count;
}

std::optional<std::uint64_t> vocabulary_size(const ByteReader& reader, const GgufMetadata& metadata,
                                             const std::string& architecture) {
  constexpr std::string_view tokens = "tokenizer.ggml.tokens";
  if (!metadata.values.contains(tokens)) return find_count(reader, metadata, architecture + ".vocab_size");
  const auto& info = metadata.infos.at(tokens);
  if (info.type != GgufType::array || info.element_type != GgufType::string)
    fail_type(reader, metadata, tokens, "an array of strings");
  return info.length;
}

}  // namespace

std::optional<std::uint64_t> find_count(const ByteReader& reader, const GgufMetadata& metadata, std::string_view key) {
  const Value* value = metadata.values.find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int()) fail_type(reader, metadata, key, "an integer below 2^63");
  if (value->as_int() < 0) {
    reader.fail(metadata.infos.at(key).offset, fmt::format("metadata {} of {}", in_quotes(key), value->as_int()),
                "zero or more");
  }
  return static_cast<std::uint64_t>(value->as_int());
}

SplitPlace split_place(const ByteReader& reader, const GgufMetadata& metadata) {
  // uint16 and nothing else: llama.cpp ends the process where split.no has another type.
  for (const std::string_view key : {"split.no", "split.count"}) {
    if (metadata.values.contains(key) && metadata.infos.at(key).type != GgufType::uint16)
      fail_type(reader, metadata, key, "type uint16");
  }
  const auto count = find_count(reader, metadata, "split.count").value_or(1);
  const auto part = find_count(reader, metadata, "split.no").value_or(0);
  if (count <= 1) return {};
  if (part >= count) {
    reader.fail(metadata.infos.at("split.no").offset, fmt::format("part {}, counted from 0,", part),
                fmt::format("a number below split.count, which is {}", count));
  }
  return {static_cast<std::uint32_t>(part), static_cast<std::uint32_t>(count)};
}

ModelProfile make_profile(const ByteReader& reader, GgufHeader header) {
  const auto& metadata = header.metadata;
  ModelProfile profile;
  profile.path = reader.path();
  profile.format = "gguf";
  const auto architecture = find_string(reader, metadata, "general.architecture");
  if (!architecture || architecture->empty())
    reader.fail(reader.offset(), "no general.architecture in the metadata", "the name of the model's architecture");
  profile.architecture = *architecture;
  profile.name = find_string(reader, metadata, "general.name").value_or(reader.path().stem().string());
  profile.file_bytes = reader.size();
  profile.context_length = find_count(reader, metadata, profile.architecture + ".context_length");
  profile.block_count = layer_count(reader, metadata, profile.architecture);
  profile.vocabulary_size = vocabulary_size(reader, metadata, profile.architecture);
  profile.has_chat_template = !find_string(reader, metadata, "tokenizer.chat_template").value_or("").empty();
  profile.tensors = std::move(header.tensors);
  for (auto& tensor : profile.tensors) {
    profile.tensor_bytes += tensor.bytes;
    set_role(tensor);
  }
  profile.metadata = std::move(header.metadata.values);
  return profile;
}

}  // namespace berth::model
