#include "system/base64.h"

#include "system/openssl_library.h"

namespace berth {

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::size_t most = 1U << 28U;
  if (text.size() % 4 != 0 || text.size() > most) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const auto size =
      openssl::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                               reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const auto padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(size - padding));
  return bytes;
}

}  // namespace berth
