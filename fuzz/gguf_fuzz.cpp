// Any bytes at all: a profile whose promises hold, or a FormatError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include "berth/error.h"
#include "berth/model.h"
#include "model/profile.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  berth::model::ByteReader reader(std::as_bytes(bytes));
  try {
    auto header = berth::model::read_gguf(reader);
    const auto place = berth::model::split_place(reader, header.metadata);
    require(place.part < place.count);
    const auto profile = berth::model::make_profile(reader, std::move(header));
    require(!profile.architecture.empty());
    std::uint64_t sum = 0;
    for (const auto& tensor : profile.tensors) {
      require(tensor.bytes > 0 && tensor.offset <= size && tensor.bytes <= size - tensor.offset);
      sum += tensor.bytes;
    }
    require(sum == profile.tensor_bytes && sum <= size);
  } catch (const berth::FormatError& error) {
    require(error.offset() <= size && !error.found().empty() && !error.expected().empty());
  }
  return 0;
}
