#include "tokenizer/byte_alphabet.h"

#include <array>

namespace berth::tokenizing {
namespace {

struct Alphabet {
  std::array<std::uint32_t, 256> letters{};
  std::array<int, 512> bytes{};
};

constexpr bool is_visible(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  for (auto& byte : alphabet.bytes) byte = -1;
  std::uint32_t next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    alphabet.letters[byte] = is_visible(byte) ? byte : next++;
    alphabet.bytes[alphabet.letters[byte]] = static_cast<int>(byte);
  }
  return alphabet;
}

constexpr Alphabet alphabet = make_alphabet();

}  // namespace

std::uint32_t letter_of_byte(unsigned char byte) { return alphabet.letters[byte]; }

std::optional<unsigned char> byte_of_letter(std::uint32_t code) {
  if (code >= alphabet.bytes.size() || alphabet.bytes[code] < 0) return std::nullopt;
  return static_cast<unsigned char>(alphabet.bytes[code]);
}

void write_byte_level(std::string_view text, Rewrite& rewrite) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] >= '!' && text[at] <= '~') {
      const auto start = at;
      while (at < text.size() && text[at] >= '!' && text[at] <= '~') ++at;
      rewrite.keep_bytes(at - start);
      continue;
    }
    const auto length = character_length(text[at]);
    for (std::uint32_t i = 0; i < length; ++i)
      rewrite.put(letter_of_byte(static_cast<unsigned char>(text[at + i])), i == 0 ? 0 : 1);
    at += length;
  }
}

}  // namespace berth::tokenizing
