#include "engine/match_device.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "berth/error.h"

namespace berth {
namespace {

/// Of a device that the engine lists.
std::string_view own_name(const DeviceInfo& info) {
  return info.engines.empty() ? std::string_view() : info.engines.front().name;
}

bool contradicts(const DeviceInfo& info, const DeviceKey& key) {
  const auto differ = [](const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; };
  return differ(info.pci_id, key.pci_id) || differ(info.uuid, key.uuid);
}

std::string listed(std::span<const DeviceInfo> own) {
  std::vector<std::string> names;
  for (const auto& info : own)
    names.push_back(info.pci_id.empty() ? std::string(own_name(info))
                                        : fmt::format("{} ({})", own_name(info), info.pci_id));
  return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

template <class F>
std::vector<std::size_t> indices_of(std::span<const DeviceInfo> own, F is_meant) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < own.size(); ++i)
    if (is_meant(own[i])) found.push_back(i);
  return found;
}

}  // namespace

std::string_view name_in(std::string_view engine, const DeviceKey& key) {
  const auto found = std::ranges::find(key.engines, engine, &DeviceName::in);
  return found == key.engines.end() ? std::string_view() : found->name;
}

std::size_t match_device(std::string_view engine, const Device& wanted, const DeviceKey& key,
                         std::span<const DeviceInfo> own) {
  const auto fail = [&](const std::string& why) { throw EngineError(engine, wanted.str(), why); };
  const auto the_only = [&](const std::vector<std::size_t>& found, std::string_view what) {
    if (found.size() > 1)
      fail(fmt::format("{} of the engine's devices have {}, and nothing tells them apart; it lists {}", found.size(),
                       what, listed(own)));
    return found.front();
  };
  if (wanted.type() == DeviceType::cpu) {
    const auto found = indices_of(own, [](const DeviceInfo& info) { return info.device.type() == DeviceType::cpu; });
    if (found.empty()) fail("the engine does not run on the CPU; it lists " + listed(own));
    return the_only(found, "the type cpu");
  }
  if (const auto name = name_in(engine, key); !name.empty()) {
    const auto found = indices_of(own, [&](const DeviceInfo& info) { return own_name(info) == name; });
    if (found.empty()) fail(fmt::format("the engine has no {} any more; it lists {}", name, listed(own)));
    const auto index = the_only(found, fmt::format("the name {}", name));
    if (contradicts(own[index], key))
      fail(fmt::format("{} is other hardware now ({}) than when the machine was looked at ({}); look again: discover()",
                       name, own[index].pci_id, key.pci_id));
    return index;
  }
  if (!key.engines.empty()) fail(fmt::format("the engine cannot use it; {} can", key.engines.front().in));
  if (key.uuid.empty() && key.pci_id.empty())
    fail(fmt::format(
        "which piece of hardware this is was not said: give its key, as resolve() and Inventory::keys() do; "
        "the engine lists {}",
        listed(own)));
  if (!key.uuid.empty())
    if (const auto found = indices_of(own, [&](const DeviceInfo& info) { return info.uuid == key.uuid; });
        !found.empty())
      return the_only(found, "the UUID " + key.uuid);
  const auto found = indices_of(own, [&](const DeviceInfo& info) {
    return !key.pci_id.empty() && info.pci_id == key.pci_id && !contradicts(info, key);
  });
  if (found.empty()) fail("the engine does not list this device; it lists " + listed(own));
  return the_only(found, "the PCI address " + key.pci_id);
}

}  // namespace berth
