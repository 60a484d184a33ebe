#include "device/device_text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace berth {
namespace {

struct Text {
  std::array<char, 16> characters;
  std::size_t size;
};

// Ids as machines have them: made once by the compiler.
constexpr int common_ids = 16;
using TextsOfType = std::array<Text, common_ids>;

constexpr Text text_of(std::string_view type, int id) {
  Text text{};
  const auto add = [&](char c) { text.characters[text.size++] = c; };
  for (const char c : type) add(c);
  add(':');
  if (id >= 10) add(static_cast<char>('0' + id / 10));
  add(static_cast<char>('0' + id % 10));
  return text;
}

constexpr auto texts = [] {
  std::array<TextsOfType, all_device_types.size()> all{};
  for (std::size_t type = 0; type < all.size(); ++type)
    for (int id = 0; id < common_ids; ++id)
      all[type][static_cast<std::size_t>(id)] = text_of(to_string(all_device_types[type]), id);
  return all;
}();

}  // namespace

DeviceText::DeviceText(const Device& device) : view_(to_string(device.type())) {
  const auto id = device.id();
  if (!id) return;
  if (*id < common_ids) {
    const Text& text = texts[static_cast<std::size_t>(device.type())][static_cast<std::size_t>(*id)];
    view_ = {text.characters.data(), text.size};
    return;
  }
  char* end = std::ranges::copy(view_, buffer_).out;
  *end++ = ':';
  end = std::to_chars(end, buffer_ + sizeof buffer_, *id).ptr;
  view_ = {buffer_, static_cast<std::size_t>(end - buffer_)};
}

}  // namespace berth
