// Reads the small Python expressions of the "construct ..." cases: Device(GPU, 1), ComponentDevice(map{a: cpu}), ...
#pragma once

#include <cctype>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "berth/device.h"

namespace berth::corpus {

/// An expression that this reader does not know: a fault of the test, never of the case.
struct UnreadableExpression : std::logic_error {
  using std::logic_error::logic_error;
};

/// An argument whose type the C++ parameter does not have, such as a text for an id.
struct ImpossibleArgument : std::logic_error {
  using std::logic_error::logic_error;
};

struct PythonNone {};
using PythonObject =
    std::variant<PythonNone, bool, int, double, std::string, DeviceType, Device, DeviceMap, ComponentDevice>;

class ExpressionReader {
 public:
  explicit ExpressionReader(std::string_view text) : text_(text), rest_(text) {}

  PythonObject read() {
    PythonObject object = expression();
    if (!peek_end()) fail();
    return object;
  }

 private:
  using Arguments = std::vector<PythonObject>;

  PythonObject expression() {
    skip_blanks();
    if (rest_.empty()) fail();
    const char c = rest_.front();
    if (c == '\'' || c == '"') return quoted();
    if (c == '-' || c == '+' || std::isdigit(static_cast<unsigned char>(c))) return number();
    const std::string name = word();
    if (name == "None") return PythonNone{};
    if (name == "True" || name == "False") return name == "True";
    if (name == "map" || name == "DeviceMap") return map(name);
    if (const auto type = type_named(name)) return *type;
    if (take('(')) return call(name, arguments());
    return bare_device(name);
  }

  PythonObject call(const std::string& name, const Arguments& given) {
    if (name == "Device") {
      expect_count(given, 1, 2);
      return Device(as<DeviceType>(given[0]), given.size() == 2 ? id(given[1]) : std::nullopt);
    }
    if (name == "Device.gpu") {
      expect_count(given, 0, 1);
      return given.empty() ? Device::gpu() : Device::gpu(id(given[0]));
    }
    if (name == "Device.from_str") return Device::from_str(as<std::string>(only(given)));
    if (name.starts_with("Device.")) {
      expect_count(given, 0, 0);
      if (name == "Device.cpu") return Device::cpu();
      if (name == "Device.disk") return Device::disk();
      if (name == "Device.mps") return Device::mps();
      if (name == "Device.xpu") return Device::xpu();
    }
    if (name == "ComponentDevice") {
      expect_count(given, 0, 2);
      return component_device(given);
    }
    if (name == "ComponentDevice.from_str") return ComponentDevice::from_str(as<std::string>(only(given)));
    if (name == "ComponentDevice.from_single" || name == "ComponentDevice.from_multiple") {
      if (std::holds_alternative<PythonNone>(only(given))) return component_device(given);
      if (name == "ComponentDevice.from_single") return ComponentDevice::from_single(as<Device>(given[0]));
      return ComponentDevice::from_multiple(as<DeviceMap>(given[0]));
    }
    fail();
  }

  static ComponentDevice component_device(const Arguments& given) {
    std::optional<Device> single;
    std::optional<DeviceMap> multiple;
    for (const auto& argument : given) {
      if (std::holds_alternative<PythonNone>(argument)) continue;
      if (const auto* map = std::get_if<DeviceMap>(&argument))
        multiple = *map;
      else
        single = as<Device>(argument);
    }
    return ComponentDevice(single, multiple);
  }

  Arguments arguments() {
    Arguments given;
    if (take(')')) return given;
    do {
      // A keyword: its value is told apart by its type.
      const auto before = rest_;
      skip_blanks();
      if (rest_.empty() || !is_word(rest_.front()) || word().empty() || !take('=')) rest_ = before;
      given.push_back(expression());
    } while (take(','));
    expect(')');
    return given;
  }

  /// map{a: cpu, 'b.c': Device(GPU, 1)}, DeviceMap({...}), DeviceMap()
  PythonObject map(const std::string& name) {
    const bool call = name == "DeviceMap" && take('(');
    DeviceMap map;
    if (call && take(')')) return map;
    expect('{');
    if (!take('}')) {
      do {
        std::string key = map_key();
        expect(':');
        map.set(std::move(key), as<Device>(expression()));
      } while (take(','));
      expect('}');
    }
    if (call) expect(')');
    return map;
  }

  std::string map_key() {
    skip_blanks();
    if (!rest_.empty() && (rest_.front() == '\'' || rest_.front() == '"')) return quoted();
    std::string key;
    while (!rest_.empty() && rest_.front() != ':') key += take_any();
    while (!key.empty() && key.back() == ' ') key.pop_back();
    return key;
  }

  /// cpu, gpu, cuda, cuda:1
  PythonObject bare_device(const std::string& name) {
    std::string text = name;
    if (!rest_.empty() && rest_.front() == ':') {
      text += take_any();
      while (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front()))) text += take_any();
    }
    if (text == "gpu") return Device::gpu();
    try {
      return Device::from_str(text);
    } catch (const std::invalid_argument&) {
      fail();
    }
  }

  static std::optional<DeviceType> type_named(std::string_view name) {
    if (name.starts_with("DeviceType.")) name.remove_prefix(11);
    if (name == "CPU") return DeviceType::cpu;
    if (name == "GPU") return DeviceType::cuda;
    if (name == "DISK") return DeviceType::disk;
    if (name == "MPS") return DeviceType::mps;
    if (name == "XPU") return DeviceType::xpu;
    return std::nullopt;
  }

  std::optional<int> id(const PythonObject& object) const {
    if (std::holds_alternative<PythonNone>(object)) return std::nullopt;
    return as<int>(object);
  }

  template <class T>
  static T as(const PythonObject& object) {
    if (const T* held = std::get_if<T>(&object)) return *held;
    throw ImpossibleArgument("no such argument in C++");
  }

  const PythonObject& only(const Arguments& given) const {
    expect_count(given, 1, 1);
    return given.front();
  }
  void expect_count(const Arguments& given, std::size_t least, std::size_t most) const {
    if (given.size() < least || given.size() > most) fail();
  }

  PythonObject number() {
    std::string digits;
    while (!rest_.empty() && (std::isalnum(static_cast<unsigned char>(rest_.front())) ||
                              std::string_view("+-._").find(rest_.front()) != std::string_view::npos))
      digits += take_any();
    std::size_t used = 0;
    try {
      const int value = std::stoi(digits, &used);
      if (used == digits.size()) return value;
      const double real = std::stod(digits, &used);
      if (used == digits.size()) return real;
    } catch (const std::out_of_range&) {
      throw ImpossibleArgument(digits + " is beyond an int");
    } catch (const std::invalid_argument&) {
    }
    fail();
  }

  std::string quoted() {
    const char quote = take_any();
    std::string content;
    while (!rest_.empty() && rest_.front() != quote) content += take_any();
    expect(quote);
    return content;
  }

  std::string word() {
    std::string name;
    while (!rest_.empty() && (is_word(rest_.front()) || rest_.front() == '.')) name += take_any();
    if (name.empty()) fail();
    return name;
  }

  static bool is_word(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); }
  void skip_blanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool peek_end() {
    skip_blanks();
    return rest_.empty();
  }
  char take_any() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool take(char c) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail();
  }
  [[noreturn]] void fail() const {
    throw UnreadableExpression("this expression cannot be read: " + std::string(text_));
  }

  std::string_view text_;
  std::string_view rest_;
};

}  // namespace berth::corpus
