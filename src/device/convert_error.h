/// How conversions refuse, and what they share.
#pragma once

#include <charconv>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "berth/device.h"
#include "text/printable.h"

namespace berth {

/// "OpenVINO has no device for 'cuda:0'; it has cpu, xpu and npu"
[[noreturn]] inline void throw_no_device(std::string_view form, const Device& device,
                                         std::initializer_list<DeviceType> has) {
  std::string message = std::string(form).append(" has no device for '").append(device.str()).append("'; it has ");
  std::size_t left = has.size();
  for (const DeviceType type : has) {
    message += to_string(type);
    --left;
    message += left > 1 ? ", " : left == 1 ? " and " : "";
  }
  throw std::invalid_argument(message);
}

/// `text` names no device in `form`, which reads `reads`.
[[noreturn]] inline void throw_not_a_device(std::string_view form, std::string_view text, std::string_view reads) {
  throw std::invalid_argument(
      std::string(form).append(" device '").append(printable(text)).append("' is not known; known are ").append(reads));
}

/// Refuses an id other than 0 where `form` has one device of this type only.
inline void check_only_device(std::string_view form, const Device& device) {
  if (device.id().value_or(0) == 0) return;
  throw std::invalid_argument(std::string(form).append(" has one ").append(to_string(device.type())) +
                              " device: there is none for '" + device.str() + "'");
}

/// An id of decimal digits and nothing else, as all forms write it.
inline std::optional<int> parse_plain_id(std::string_view text) {
  int id = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stopped != end || text.starts_with('-')) return std::nullopt;
  return id;
}

}  // namespace berth
