#include "model/tensor_role.h"

#include <charconv>
#include <string_view>

namespace berth::model {

void set_role(TensorInfo& tensor) {
  const std::string_view name = tensor.name;
  const auto end = name.find_last_of('.');
  const auto stem = end == std::string_view::npos ? name : name.substr(0, end);
  tensor.layer.reset();
  tensor.role = stem;
  const auto block = name.find("blk.");
  if (block == std::string_view::npos || (block != 0 && name[block - 1] != '.')) return;
  const auto digits = name.substr(block + 4);
  std::uint32_t layer = 0;
  const auto [rest, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), layer);
  if (problem != std::errc() || rest == digits.data() + digits.size() || *rest != '.') return;
  const auto role_begin = static_cast<std::size_t>(rest + 1 - name.data());
  tensor.layer = layer;
  tensor.role = std::string(name.substr(0, block));
  // Without a suffix ("blk.0.ssm_a") the role goes to the end.
  tensor.role += name.substr(
      role_begin, end != std::string_view::npos && end > role_begin ? end - role_begin : std::string_view::npos);
}

}  // namespace berth::model
