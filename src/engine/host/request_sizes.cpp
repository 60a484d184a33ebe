#include "engine/host/request_sizes.h"

#include <algorithm>

namespace berth::host {

std::optional<std::uint64_t> RequestSizes::too_long(std::string_view bytes, std::uint64_t most) {
  while (!bytes.empty()) {
    if (to_come_ > 0) {
      const auto taken = std::min<std::uint64_t>(to_come_, bytes.size());
      to_come_ -= taken;
      bytes.remove_prefix(static_cast<std::size_t>(taken));
      continue;
    }
    header_[header_bytes_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (header_bytes_ < header_.size()) continue;
    header_bytes_ = 0;
    for (std::size_t i = header_.size() - 1; i > 0; --i) to_come_ = to_come_ << 8U | header_[i];  // little-endian
    if (to_come_ > most) return to_come_;
  }
  return std::nullopt;
}

}  // namespace berth::host
