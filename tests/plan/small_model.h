/// Profiles of models that nobody has to have.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "berth/model.h"
#include "model/layers.h"
#include "model/tensor_role.h"

namespace berth::test {

inline TensorInfo small_tensor(std::string name, std::vector<std::uint64_t> shape) {
  TensorInfo info{.name = std::move(name), .type = "F16", .shape = std::move(shape)};
  info.bytes = 2;
  for (const auto extent : info.shape) info.bytes *= extent;
  model::set_role(info);
  return info;
}

/// A model with few layers; `entries` are the architecture's own metadata, without its name in front.
inline ModelProfile small_model(const std::string& architecture, const Value::Object& entries = {},
                                std::uint64_t layers = 4) {
  ModelProfile profile;
  profile.format = "gguf";
  profile.architecture = architecture;
  profile.block_count = layers;
  profile.context_length = 4096;
  profile.vocabulary_size = 1000;
  profile.metadata.set(architecture + ".embedding_length", 256);
  profile.metadata.set(architecture + ".attention.head_count", 4);
  profile.metadata.set(architecture + ".attention.head_count_kv", 2);
  for (const auto& [key, value] : entries) profile.metadata.set(architecture + "." + key, value);
  profile.tensors = {small_tensor("token_embd.weight", {256, 1000}), small_tensor("output_norm.weight", {256})};
  for (std::uint64_t i = 0; i < layers; ++i) {
    const auto block = "blk." + std::to_string(i) + ".";
    for (const auto& [role, shape] :
         std::vector<std::pair<std::string, std::vector<std::uint64_t>>>{{"attn_norm", {256}},
                                                                         {"attn_q", {256, 256}},
                                                                         {"attn_k", {256, 128}},
                                                                         {"attn_v", {256, 128}},
                                                                         {"attn_output", {256, 256}},
                                                                         {"ffn_norm", {256}},
                                                                         {"ffn_gate", {256, 512}},
                                                                         {"ffn_up", {256, 512}},
                                                                         {"ffn_down", {512, 256}}})
      profile.tensors.push_back(small_tensor(block + role + ".weight", shape));
  }
  model::set_layers(profile);
  return profile;
}

}  // namespace berth::test
