#include "dataclasses/base64.h"

#include <algorithm>
#include <array>

#include "system/openssl_library.h"

namespace berth {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What stands at the start of a file of that type, or 8 bytes after a "RIFF".
struct Signature {
  std::string_view bytes;
  std::string_view mime_type;
};
constexpr std::array signatures = {
    Signature{"\x89PNG\r\n\x1a\n", "image/png"},
    Signature{"\xFF\xD8\xFF", "image/jpeg"},
    Signature{"GIF8", "image/gif"},
    Signature{"BM", "image/bmp"},
    Signature{std::string_view("II*\0", 4), "image/tiff"},
    Signature{std::string_view("MM\0*", 4), "image/tiff"},
    Signature{"%PDF", "application/pdf"},
};

}  // namespace

bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  auto end = text.find_last_not_of('=') + 1;  // npos + 1 is 0
  return text.size() - end <= 2 && text.substr(0, end).find_first_not_of(alphabet) == text.npos;
}

std::optional<std::string> mime_type_of_base64(std::string_view text) {
  std::array<unsigned char, 12> decoded{};
  text = text.substr(0, std::min<std::size_t>(text.size(), 16));
  if (!is_base64(text) || text.empty()) return std::nullopt;
  if (openssl::EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size())) < 0)
    return std::nullopt;
  const std::string_view start(reinterpret_cast<const char*>(decoded.data()), decoded.size());
  if (start.starts_with("RIFF") && start.substr(8) == "WEBP") return "image/webp";
  for (const auto& [bytes, mime_type] : signatures)
    if (start.starts_with(bytes)) return std::string(mime_type);
  return std::nullopt;
}

}  // namespace berth
