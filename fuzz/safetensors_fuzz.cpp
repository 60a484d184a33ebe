// Any bytes at all: a header whose promises hold, or a FormatError. And as config.json: a profile.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "berth/error.h"
#include "model/hf_config.h"
#include "model/safetensors_header.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_header(std::span<const std::uint8_t> bytes) {
  berth::model::ByteReader reader(std::as_bytes(bytes));
  try {
    const auto header = berth::model::read_safetensors(reader);
    std::uint64_t sum = 0;
    for (const auto& tensor : header.tensors) {
      require(!tensor.name.empty() && tensor.offset <= bytes.size() && tensor.bytes <= bytes.size() - tensor.offset);
      sum += tensor.bytes;
    }
    require(sum <= bytes.size());
  } catch (const berth::FormatError& error) {
    require(error.offset() <= bytes.size() && !error.found().empty() && !error.expected().empty());
  }
}

void read_config(std::string_view text) {
  try {
    const auto config = berth::Value::from_json(text);
    if (!config.is_object()) return;
    berth::ModelProfile profile;
    profile.format = "safetensors";
    for (const auto* name : {"model.layers.0.mlp.down_proj.weight", "encoder.layer.3.output.dense.weight", "h.1.x"})
      profile.tensors.push_back({.name = name, .type = "F32", .shape = {}, .bytes = 4});
    berth::model::set_from_config(profile, config);
    require(profile.layers.empty() || profile.layers.size() == profile.block_count);
  } catch (const berth::FormatError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || data[0] != '{') {
    read_header({data, size});
  } else {
    read_config({reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
