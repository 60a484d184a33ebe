// Any bytes at all: tensors whose promises hold, or a FormatError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "berth/error.h"
#include "model/onnx.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  berth::model::ByteReader reader(std::as_bytes(bytes));
  try {
    std::uint64_t names = 0;
    for (const auto& [tensor, external] : berth::model::read_onnx(reader).tensors) {
      require(external || tensor.offset <= size);
      require(!external || !external->location.empty());
      names += tensor.name.size();
    }
    require(names <= 4 * size + (1 << 20));
  } catch (const berth::FormatError& error) {
    require(error.offset() <= size && !error.found().empty() && !error.expected().empty());
  }
  return 0;
}
