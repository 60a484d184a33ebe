/// Which tensors a GGUF file has, and what of the source they are made of.
#pragma once

#include <ggml.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "berth/model.h"
#include "engine/gguf/architecture.h"

namespace berth::gguf {

/// One tensor that is written.
struct WrittenTensor {
  std::string name;  ///< "blk.0.attn_q.weight"
  ggml_type type = GGML_TYPE_F32;
  std::vector<std::int64_t> shape = {};         ///< in ggml's order
  std::vector<const TensorInfo*> sources = {};  ///< in the profile, of one type, one behind the other; none: `values`
  std::vector<float> values = {};
  bool transposed = false;
  std::int64_t heads = 0;  ///< above 0: the rows of each of so many heads are put in pairs
  float scale = 1;
  float added = 0;  ///< to each number, once it is scaled
};

/// `profile` is a model in safetensors with its config.json and must outlive what is given. Throws FormatError where a
/// tensor has no place in GGUF, or is of a type that is not stored so.
std::vector<WrittenTensor> written_tensors(const ModelProfile& profile, const Architecture& architecture,
                                           const encoder::Config& config);

/// Writes what of a tensor is made of the bytes of one of its sources, or its values where it has none, by `write`.
void write_tensor(const WrittenTensor& tensor, std::span<const std::byte> source,
                  const std::function<void(std::span<const std::byte>)>& write);

}  // namespace berth::gguf
