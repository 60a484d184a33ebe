// Random inputs for tests of laws. The seed is fixed, so that a failure can be repeated.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "berth/device.h"
#include "berth/value.h"

namespace berth::test {

class Random {
 public:
  explicit Random(unsigned seed = 1) : engine_(seed) {}

  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(engine_); }
  bool coin() { return below(2) == 0; }

  /// A few names, so that they meet each other; sometimes with what has to be escaped.
  std::string name() {
    static const char* const parts[] = {"", "a", "b", "model.layers.0", "\xC3\xBC", "\"", "\\", "\n", "\x1b", "'"};
    std::string name;
    for (int i = below(3); i >= 0; --i) name += parts[below(10)];
    return name;
  }

  Device device(bool disk = true) {
    DeviceType type = all_device_types[static_cast<std::size_t>(below(static_cast<int>(all_device_types.size())))];
    if (type == DeviceType::disk && !disk) type = DeviceType::cpu;
    switch (below(4)) {
      case 0:
        return Device(type);
      case 1:
        return Device(type, std::numeric_limits<int>::max() - below(3));
      default:
        return Device(type, below(12));
    }
  }

  DeviceMap device_map() {
    DeviceMap map;
    for (int i = below(below(10) == 0 ? 200 : 6); i > 0; --i) map.set(name(), device());
    return map;
  }

  ComponentDevice component_device() {
    if (coin()) return device(false);
    return device_map();
  }

  Value value(int depth = 4) {
    switch (below(depth == 0 ? 5 : 7)) {
      case 0:
        return nullptr;
      case 1:
        return coin();
      case 2:
        return integer();
      case 3:
        return real();
      case 4:
        return name();
      case 5: {
        Value::Array array;
        for (int i = below(4); i > 0; --i) array.push_back(value(depth - 1));
        return array;
      }
      default:
        return object(depth - 1);
    }
  }

  Value::Object object(int depth = 3) {
    Value::Object object;
    for (int i = below(5); i > 0; --i) object.set(name(), value(depth));
    return object;
  }

 private:
  std::int64_t integer() {
    const auto any = std::uniform_int_distribution<std::int64_t>(std::numeric_limits<std::int64_t>::min())(engine_);
    return coin() ? any : below(100) - 50;
  }
  double real() {
    for (;;) {  // any bits that are a finite number
      const auto bits = std::uniform_int_distribution<std::uint64_t>()(engine_);
      double number = 0;
      static_assert(sizeof bits == sizeof number);
      std::copy_n(reinterpret_cast<const char*>(&bits), sizeof bits, reinterpret_cast<char*>(&number));
      if (number - number == 0) return number;
    }
  }

  std::mt19937_64 engine_;
};

}  // namespace berth::test
