#include "plan/device_map/torch_dtype_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "device/torch_dtype.h"
#include "text/printable.h"

namespace berth::plan {
namespace {

std::string_view full_name(std::string_view dtype) {
  const auto name = canonical_torch_dtype(dtype.starts_with("torch.") ? dtype.substr(6) : dtype);
  if (name.empty())
    throw std::invalid_argument(fmt::format("{} is no type of numbers in PyTorch such as float16", in_quotes(dtype)));
  return name;
}

std::int64_t elements_of(const ModuleTensor& tensor) {
  std::int64_t elements = 1;
  for (const auto n : tensor.shape) elements *= static_cast<std::int64_t>(n);
  return elements;
}

}  // namespace

std::int64_t counted_bits(std::string_view dtype) {
  const auto name = full_name(dtype);
  if (name == "bool") return 1;
  if (name.starts_with("float8_")) return 8;
  std::int64_t bits = 0;  // 0 where the name has no number at its end
  std::from_chars(name.data() + name.find_last_not_of("0123456789") + 1, name.data() + name.size(), bits);
  return bits / 8 * 8;
}

bool is_converted(std::string_view dtype) {
  const auto name = full_name(dtype);
  return !name.starts_with("int") && !name.starts_with("uint") && !name.starts_with("bool");
}

std::int64_t counted_bits(const ModuleTensor& tensor, std::optional<std::string_view> dtype) {
  const auto own = counted_bits(tensor.dtype);
  return elements_of(tensor) * (dtype && is_converted(tensor.dtype) ? std::min(own, counted_bits(*dtype)) : own);
}

std::uint64_t loaded_bytes(const ModuleTensor& tensor, std::optional<std::string_view> dtype) {
  if (!dtype || !is_converted(tensor.dtype)) return tensor.bytes;
  const auto bits = full_name(*dtype) == "bool" ? 8 : counted_bits(*dtype);
  return std::min(tensor.bytes, static_cast<std::uint64_t>(elements_of(tensor) * bits / 8));
}

}  // namespace berth::plan
