// Any bytes at all: an inventory, or what a probe found, that comes back the same from what it is written as; else an
// error that says why.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "berth/error.h"
#include "berth/inventory.h"
#include "discover/probe.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Calls `read` with the text; what is wrong with it is said.
template <class F>
void attempt(F read) {
  try {
    read();
  } catch (const berth::FormatError& error) {
    require(!error.found().empty() && !error.expected().empty());
  } catch (const std::invalid_argument& error) {
    require(*error.what() != '\0');
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    const auto inventory = berth::Inventory::from_dict(berth::Value::from_json(text));
    const auto written = inventory.to_dict().to_json();
    const auto again = berth::Inventory::from_dict(berth::Value::from_json(written));
    require(again == inventory && again.to_dict().to_json() == written && berth::diff(inventory, again).empty());
  });
  attempt([&] {
    const auto written = berth::discovery::Findings::from_json(text).to_json();
    require(berth::discovery::Findings::from_json(written).to_json() == written);
  });
  return 0;
}
