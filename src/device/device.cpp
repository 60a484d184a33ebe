#include <algorithm>
#include <charconv>
#include <limits>
#include <ostream>
#include <system_error>

#include "berth/device.h"
#include "device/device_text.h"
#include "text/printable.h"

namespace berth {
namespace {

[[noreturn]] void throw_no_integer(std::string_view id) {
  throw std::invalid_argument("Device id must be an integer, got " + printable(id));
}
[[noreturn]] void throw_negative(std::string_view id) {
  throw std::invalid_argument("Device id must be >= 0, got " + printable(id));
}

[[noreturn]] void throw_beyond_int(std::string_view id) {
  const bool negative = id.starts_with('-');
  if (negative) id.remove_prefix(1);
  id.remove_prefix(std::min(id.find_first_not_of('0'), id.size()));
  const std::string digits(id);
  if (negative) throw_negative("-" + digits);
  throw std::invalid_argument("Device id must be <= " + std::to_string(std::numeric_limits<int>::max()) + ", got " +
                              printable(digits));
}

}  // namespace

void Device::refuse(int id) { throw_negative(std::to_string(id)); }

Device Device::from_str(std::string_view text) {
  const auto colon = static_cast<std::size_t>(std::ranges::find(text, ':') - text.begin());
  if (colon == text.size()) return Device(device_type_from_str(text));
  // As Haystack does: first whether the id is an integer, then the type, then which integer.
  const std::string_view digits = text.substr(colon + 1);
  const char* const end = digits.data() + digits.size();
  int id = 0;
  const auto [stopped, error] = std::from_chars(digits.data(), end, id);
  if (error == std::errc::invalid_argument || stopped != end) throw_no_integer(digits);
  const DeviceType type = device_type_from_str(text.substr(0, colon));
  if (error == std::errc::result_out_of_range) throw_beyond_int(digits);
  return Device(type, id);
}

std::string Device::str() const { return std::string(DeviceText(*this).view()); }

std::ostream& operator<<(std::ostream& out, const Device& device) { return out << device.str(); }

}  // namespace berth

std::size_t std::hash<berth::Device>::operator()(const berth::Device& device) const noexcept {
  const auto id = device.id() ? static_cast<std::uint64_t>(*device.id()) + 1 : 0;
  return std::hash<std::uint64_t>{}(static_cast<std::uint64_t>(device.type()) << 40 | id);
}
