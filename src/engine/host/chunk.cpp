#include "engine/host/chunk.h"

#include <cstring>
#include <stdexcept>

namespace berth::host {

std::string Chunk::bytes() const {
  const std::uint32_t head[] = {index, static_cast<std::uint32_t>(tokens.size())};
  std::string all(sizeof head + tokens.size() * sizeof tokens[0] + text.size(), '\0');
  char* at = all.data();
  const auto put = [&](const void* from, std::size_t size) {
    if (size > 0) std::memcpy(at, from, size);
    at += size;
  };
  put(head, sizeof head);
  put(tokens.data(), tokens.size() * sizeof tokens[0]);
  put(text.data(), text.size());
  return all;
}

Chunk Chunk::from_bytes(std::string_view bytes) {
  std::uint32_t head[2];
  Chunk chunk;
  const auto take = [&](void* to, std::size_t size) {
    if (size > bytes.size()) throw std::invalid_argument("A chunk of generated text is cut");
    if (size > 0) std::memcpy(to, bytes.data(), size);
    bytes.remove_prefix(size);
  };
  take(head, sizeof head);
  chunk.index = head[0];
  if (head[1] > bytes.size() / sizeof chunk.tokens[0])
    throw std::invalid_argument("A chunk of generated text says more tokens than it has");
  chunk.tokens.resize(head[1]);
  take(chunk.tokens.data(), chunk.tokens.size() * sizeof chunk.tokens[0]);
  chunk.text = bytes;
  return chunk;
}

}  // namespace berth::host
