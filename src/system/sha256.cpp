#include "system/sha256.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "system/openssl_library.h"

namespace berth {

std::string sha256(std::string_view bytes) {
  using namespace openssl;
  std::array<unsigned char, 32> digest;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL cannot compute SHA-256");
  std::string text;
  for (const auto byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace berth
