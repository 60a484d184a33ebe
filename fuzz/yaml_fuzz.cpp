// Any text: a value that comes back when it is written and read, with places that can be found, or a FormatError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "berth/error.h"
#include "yaml/yaml.h"

namespace {

using berth::Value;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Looks up each place within `value`, and one beside it that is not there.
void locate_all(std::string_view text, const Value& value, std::vector<std::string>& path, std::size_t& left) {
  if (left == 0) return;
  --left;
  const auto mark = berth::yaml::locate(text, path);
  require(mark.line >= 1 && mark.column >= 1);
  const auto visit = [&](std::string name, const Value& entry) {
    path.push_back(std::move(name));
    locate_all(text, entry, path, left);
    path.pop_back();
  };
  if (value.is_object())
    for (const auto& [name, entry] : value.as_object()) visit(name, entry);
  if (value.is_array())
    for (std::size_t i = 0; i < value.as_array().size(); ++i) visit(std::to_string(i), value.as_array()[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Value value;
  try {
    value = berth::yaml::read(text);
  } catch (const berth::FormatError& error) {
    require(error.offset() <= size && !error.found().empty() && !error.expected().empty());
    return 0;
  }
  std::vector<std::string> path;
  std::size_t left = 100;
  locate_all(text, value, path, left);
  // NaN is no value that equals itself: what is written is compared.
  const auto written = berth::yaml::write(value);
  require(berth::yaml::write(berth::yaml::read(written)) == written);
  require(written.find(".nan") != written.npos || berth::yaml::read(written) == value);
  return 0;
}
