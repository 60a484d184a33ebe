#include "engine/host/request_sizes.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace berth::host {
namespace {

// ggml-rpc.cpp: the commands ALLOC_BUFFER, FREE_BUFFER and SET_TENSOR_HASH, whose body ends with the hash.
constexpr unsigned char alloc_buffer = 0;
constexpr unsigned char free_buffer = 4;
constexpr unsigned char set_tensor_hash = 7;
constexpr std::size_t tensor_hash_bytes = 296 + 8 + 8;

}  // namespace

std::optional<std::uint64_t> RequestSizes::too_long(std::string_view bytes, std::uint64_t most) {
  while (!bytes.empty()) {
    if (to_come_ > 0) {
      const auto part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(to_come_, bytes.size())));
      take(part);
      bytes.remove_prefix(part.size());
      continue;
    }
    header_[header_bytes_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (header_bytes_ < header_.size()) continue;
    begin_request();
    if (to_come_ > most) return to_come_;
  }
  return std::nullopt;
}

void RequestSizes::begin_request() {
  header_bytes_ = 0;
  for (std::size_t i = header_.size() - 1; i > 0; --i) to_come_ = to_come_ << 8U | header_[i];  // little-endian
  body_.clear();
  if (header_[0] == alloc_buffer) ++buffers_;
  if (header_[0] == free_buffer && buffers_ > 0) --buffers_;
}

void RequestSizes::take(std::string_view part) {
  to_come_ -= part.size();
  if (header_[0] != set_tensor_hash || body_.size() + part.size() > tensor_hash_bytes) return;
  body_ += part;
  if (to_come_ > 0 || body_.size() != tensor_hash_bytes) return;
  std::uint64_t hash = 0;
  std::memcpy(&hash, body_.data() + tensor_hash_bytes - sizeof hash, sizeof hash);
  asked_tensor_ = hash;
}

std::optional<std::uint64_t> RequestSizes::take_asked_tensor() { return std::exchange(asked_tensor_, std::nullopt); }

}  // namespace berth::host
