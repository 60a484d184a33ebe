#include "inventory/simulate_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <set>

#include "inventory/inventory_fields.h"
#include "inventory/number_types.h"
#include "text/bytes.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

constexpr std::size_t longest_text = 64 * 1024;
constexpr long double most_bytes = most_simulated_bytes;

constexpr std::array speed_units = {Unit{"MB/s", 1e6},       Unit{"GB/s", 1e9},      Unit{"TB/s", 1e12},
                                    Unit{"MiB/s", 0x1p20},   Unit{"GiB/s", 0x1p30},  Unit{"TiB/s", 0x1p40},
                                    Unit{"Mbit/s", 1e6 / 8}, Unit{"Gbit/s", 1e9 / 8}};
constexpr std::array flops_units = {Unit{"G", 1e9}, Unit{"T", 1e12}, Unit{"P", 1e15}};
constexpr std::array latency_units = {Unit{"us", 1}, Unit{"ms", 1e3}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '_'; }
bool is_gpu(DeviceType type) {
  return type == DeviceType::cuda || type == DeviceType::mps || type == DeviceType::xpu || type == DeviceType::vulkan;
}

/// Goes through the text. What it cannot read ends with the column.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  bool take(std::string_view what) {
    if (!rest().starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  void expect(std::string_view what) {
    if (!take(what)) fail(fmt::format("'{}'", what));
  }
  template <class F>
  std::string_view take_while(F belongs) {
    const auto here = rest();
    const auto end = std::find_if_not(here.begin(), here.end(), belongs);
    at_ += static_cast<std::size_t>(end - here.begin());
    return here.substr(0, static_cast<std::size_t>(end - here.begin()));
  }
  void skip_blanks() {
    take_while([](char c) { return c == ' '; });
  }

  /// At the next byte.
  [[noreturn]] void fail(std::string_view expected) const { fail_from(at_, expected); }
  [[noreturn]] void fail_from(std::size_t at, std::string_view expected) const {
    const auto here = text_.substr(at);
    const auto found = here.substr(0, std::min(here.find_first_of(",;"), here.size()));
    fail_at(text_, at, fmt::format("expected {}, found {}", expected, found.empty() ? "nothing" : in_quotes(found)));
  }

  long double number(std::string_view what) {
    const std::size_t start = at_;
    const auto digits = take_while([](char c) { return is_digit(c) || c == '.'; });
    long double number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number, std::chars_format::fixed);
    if (digits.empty() || digits.front() == '.' || error != std::errc() || stopped != end || number > most_bytes)
      fail_from(start, what);
    return number;
  }
  int count(std::string_view what, int most) {
    const std::size_t start = at_;
    const auto value = number(what);
    if (value < 1 || value > most || value != static_cast<int>(value))
      fail_from(start, fmt::format("{} from 1 to {}", what, most));
    return static_cast<int>(value);
  }
  template <std::size_t n>
  long double in_unit(long double number, const std::array<Unit, n>& units) {
    const std::size_t start = at_;
    const auto name = take_while(is_word);
    const auto unit = std::ranges::find(units, name, &Unit::name);
    if (unit == units.end()) {
      std::string names;
      for (const auto& each : units) names += (names.empty() ? "" : ", ") + std::string(each.name);
      fail_from(start, "a unit (" + names + ")");
    }
    return number * unit->factor;
  }

  std::uint64_t size(long double number, std::size_t start) {
    const auto bytes = in_unit(number, size_units);
    if (bytes < 1 || bytes > most_bytes) fail_from(start, "a size from 1B to 1024PiB");
    return static_cast<std::uint64_t>(bytes);
  }
  template <std::size_t n>
  double above_zero(const char* what, const std::array<Unit, n>& units) {
    const std::size_t start = at_;
    const auto amount = in_unit(number(what), units);
    if (amount <= 0) fail_from(start, fmt::format("{} and above 0", what));
    return static_cast<double>(amount);
  }
  double speed() { return above_zero("a speed such as 25GB/s", speed_units); }

  /// Up to the next option or item.
  std::string text() {
    const std::size_t start = at_;
    const auto text = take_while([](char c) { return c != ',' && c != ';'; });
    if (text.empty() || !structs::is_plain(text)) fail_from(start, "a text without control characters");
    return std::string(text);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct Option {
  std::string_view name;
  std::function<void()> read;
};

/// {";" KEY "=" VALUE}
void read_options(Cursor& cursor, const std::vector<Option>& options) {
  std::set<std::string_view> seen;
  while (cursor.take(";")) {
    const std::size_t start = cursor.at();
    const auto name = cursor.take_while(is_word);
    const auto option = std::ranges::find(options, name, &Option::name);
    if (option == options.end()) {
      std::string names;
      for (const auto& each : options) names += (names.empty() ? "" : ", ") + std::string(each.name) + "=";
      cursor.fail_from(start, "one of " + names);
    }
    if (!seen.insert(name).second) cursor.fail_from(start, fmt::format("{}= once", name));
    cursor.expect("=");
    option->read();
  }
}

/// [COUNT "x"] SIZE ["-" SIZE], or [COUNT "x"] "shared"
void read_memory(Cursor& cursor, SimulatedDevices& devices) {
  const bool may_share = devices.type != DeviceType::cpu && devices.type != DeviceType::disk;
  const auto* const expected = may_share ? "a size such as 24GiB, a count as in 2x24GiB, or 'shared'"
                                         : "a size such as 24GiB, or a count as in 2x24GiB";
  const auto shares = [&] { return devices.shared = may_share && cursor.take("shared"); };
  if (shares()) return;
  std::size_t start = cursor.at();
  auto number = cursor.number(expected);
  if (cursor.take("x")) {
    if (number < 1 || number > most_simulated_devices || number != static_cast<int>(number))
      cursor.fail_from(start, fmt::format("a count from 1 to {}", most_simulated_devices));
    devices.count = static_cast<int>(number);
    if (shares()) return;
    start = cursor.at();
    number = cursor.number(expected);
  }
  devices.bytes = cursor.size(number, start);
  if (static_cast<long double>(devices.bytes) * devices.count > most_bytes)
    cursor.fail_from(start, "no more than 1024PiB together");
  if (cursor.take("-")) {
    start = cursor.at();
    devices.used_bytes = cursor.size(cursor.number("the size that is in use"), start);
    if (devices.used_bytes > devices.bytes) cursor.fail_from(start, "no more in use than there is");
  }
}

/// TYPE {"+" TYPE}
std::vector<std::string> read_number_types(Cursor& cursor) {
  std::vector<std::string> types;
  do {
    const std::size_t start = cursor.at();
    const auto type = cursor.take_while([](char c) { return is_word(c) || is_digit(c); });
    if (std::ranges::find(number_types, type) == number_types.end())
      cursor.fail_from(start, fmt::format("types such as fp16+bf16, of {}", fmt::join(number_types, ", ")));
    types.emplace_back(type);
  } while (cursor.take("+"));
  return types;
}

/// "9.0", "gfx942"
std::string read_compute_capability(Cursor& cursor) {
  const std::size_t start = cursor.at();
  auto text = cursor.text();
  const auto digits = [](std::string_view part, std::string_view of) {
    return !part.empty() && part.find_first_not_of(of) == part.npos;
  };
  const auto point = std::min(text.find('.'), text.size());
  const bool nvidia = digits(text.substr(0, point), "0123456789") &&
                      digits(text.substr(std::min(point + 1, text.size())), "0123456789");
  const bool amd = text.starts_with("gfx") && digits(std::string_view(text).substr(3), "0123456789abcdef");
  if (!nvidia && !amd) cursor.fail_from(start, "a compute capability such as 9.0 or gfx942");
  return text;
}

SimulatedDevices read_devices(Cursor& cursor, DeviceType type) {
  SimulatedDevices devices{.type = type, .at = cursor.at()};
  read_memory(cursor, devices);
  if (cursor.take("@")) devices.speed.memory_bytes_per_s = cursor.speed();

  std::vector<Option> options = {
      {"name", [&] { devices.name = cursor.text(); }},
      {"flops", [&] { devices.speed.flops = cursor.above_zero("a number such as 82T", flops_units); }},
      {"types", [&] { devices.types = read_number_types(cursor); }}};
  if (type == DeviceType::cpu) options.push_back({"cores", [&] { devices.cores = cursor.count("cores", 1 << 20); }});
  if (is_gpu(type)) {
    options.push_back({"compute", [&] { devices.gpu.compute_capability = read_compute_capability(cursor); }});
    options.push_back({"mig", [&] { devices.gpu.mig_profile = cursor.text(); }});
  }
  read_options(cursor, options);
  return devices;
}

Device read_end(Cursor& cursor) {
  const std::size_t start = cursor.at();
  std::string text(cursor.take_while(is_word));
  // "cuda:0:25GB/s", but "cpu:25GB/s": an index is digits up to the next separator.
  Cursor ahead = cursor;
  if (ahead.take(":")) {
    const auto digits = ahead.take_while(is_digit);
    if (!digits.empty() && (ahead.take(":") || ahead.take("-"))) {
      text += ":" + std::string(digits);
      cursor.take(":");
      cursor.take_while(is_digit);
    }
  }
  try {
    return Device::from_str(text);
  } catch (const std::invalid_argument&) {
    cursor.fail_from(start, "a speed such as 25GB/s, or two devices and a speed as in cuda:0-cuda:1:25GB/s");
  }
}

/// [DEVICE "-" DEVICE ":"] SPEED
SimulatedLink read_link(Cursor& cursor) {
  SimulatedLink link{.at = cursor.at()};
  Cursor ahead = cursor;
  if (ahead.take_while(is_digit).empty()) {
    const auto from = read_end(cursor);
    cursor.expect("-");
    link.ends = std::pair(from, read_end(cursor));
    cursor.expect(":");
  }
  link.bytes_per_s = cursor.speed();
  read_options(cursor, {{"kind",
                         [&] {
                           const auto& names = structs::NamesOf<LinkKind>::all;
                           const std::size_t start = cursor.at();
                           const auto name = std::ranges::find(names, cursor.take_while(is_word));
                           if (name == names.end())
                             cursor.fail_from(start, fmt::format("one of {}", fmt::join(names, ", ")));
                           link.kind = static_cast<LinkKind>(name - names.begin());
                         }},
                        {"latency", [&] {
                           link.latency_us =
                               static_cast<double>(cursor.in_unit(cursor.number("a time such as 5us"), latency_units));
                         }}});
  return link;
}

}  // namespace

SimulatedMachine parse_machine(std::string_view text) {
  if (text.size() > longest_text) fail_at(text, longest_text, fmt::format("more than {} bytes", longest_text));
  SimulatedMachine machine;
  Cursor cursor(text);
  do {
    cursor.skip_blanks();
    const std::size_t start = cursor.at();
    const auto name = cursor.take_while(is_word);
    const auto type = std::ranges::find(all_device_types, name, [](DeviceType each) { return to_string(each); });
    if (name != "link" && type == all_device_types.end())
      cursor.fail_from(start, "TYPE:SIZE with one of " + UnknownDeviceType::accepted() + ", or link:SPEED");
    cursor.expect(":");
    if (name == "link")
      machine.links.push_back(read_link(cursor));
    else
      machine.devices.push_back(read_devices(cursor, *type));
    cursor.skip_blanks();
  } while (cursor.take(","));
  if (!cursor.at_end()) cursor.fail("',' or the end");
  return machine;
}

void fail_at(std::string_view text, std::size_t at, const std::string& problem) {
  const auto before = text.substr(0, at);
  const auto goes_on = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  const auto column = before.size() - static_cast<std::size_t>(std::ranges::count_if(before, goes_on)) + 1;
  throw std::invalid_argument(fmt::format("column {}: {}", column, problem));
}

}  // namespace berth::discovery
