/// Devices in fmt's format strings. Header-only; nothing else of Berth includes it.
///
///     fmt::print("{:>8} {}\n", device, map);  // as str(); width and alignment as for strings
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "berth/device.h"

template <>
struct fmt::formatter<berth::DeviceType> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(berth::DeviceType type, Context& context) const {
    return fmt::formatter<std::string_view>::format(berth::to_string(type), context);
  }
};

namespace berth::detail {
/// Writes what str() gives.
template <class T>
struct StrFormatter : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return fmt::formatter<std::string_view>::format(value.str(), context);
  }
};
}  // namespace berth::detail

template <>
struct fmt::formatter<berth::Device> : berth::detail::StrFormatter<berth::Device> {};
template <>
struct fmt::formatter<berth::DeviceMap> : berth::detail::StrFormatter<berth::DeviceMap> {};
template <>
struct fmt::formatter<berth::ComponentDevice> : berth::detail::StrFormatter<berth::ComponentDevice> {};
