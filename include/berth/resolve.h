/// From what was asked to the device that is used, with the reason for each choice.
///
///     const auto inventory = discover();
///     const auto resolution = resolve(Wish::from_str("gpu, 8 GiB free"), inventory, {.rule = ResolveRule::most_free});
///     std::cout << resolution.device << '\n' << resolution.str();
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "berth/device.h"
#include "berth/inventory.h"
#include "berth/ordered_map.h"
#include "berth/value.h"

namespace berth {

/// What a device should be, where it does not matter which one it is.
struct Wish {
  std::vector<DeviceType> only = {};    ///< one of these types; empty: of any but the disk
  std::vector<DeviceType> except = {};  ///< none of these
  std::uint64_t min_free_bytes = 0;
  std::vector<std::string> types = {};  ///< of numbers that it must compute with: "bf16"; every device does with "fp32"
  std::string engine = {};              ///< that must be able to use it; empty: any

  /// Terms with commas between them: "auto" or "any"; "gpu" (cuda, xpu, mps or vulkan) or types ("cuda or xpu"); "not cpu",
  /// "not cuda or xpu" or "any but cpu"; a size ("8 GiB", "at least 8 GiB free"); "bf16", "needs bf16"; "engine llama.cpp".
  /// Throws std::invalid_argument naming the term and what is accepted, and for terms that exclude each other.
  static Wish from_str(std::string_view text);

  std::string str() const;  ///< from_str(str()) is the same wish

  bool operator==(const Wish&) const = default;
};

/// Nothing, a device or map, or a wish.
using ResolveRequest = std::variant<std::monostate, ComponentDevice, Wish>;

/// Which of the devices that come into question is taken.
enum class ResolveRule {
  haystack,   ///< the first type of cuda, xpu, mps, cpu; Berth's own types after these, and only for a wish
  most_free,  ///< the accelerator with the most free memory; the CPU where there is none
  fastest     ///< the one that reads its memory fastest, as measured; where one is not measured, haystack's order
};
std::string_view to_string(ResolveRule rule);  ///< "haystack", "most_free", "fastest"
/// Throws std::invalid_argument naming those that there are.
ResolveRule resolve_rule_from_str(std::string_view text);

struct ResolvePolicy {
  /// false: automatic resolution leaves that type out, unless a wish names it. The defaults are those of an empty
  /// environment.
  bool mps_enabled = true;
  bool xpu_enabled = true;
  ResolveRule rule = ResolveRule::haystack;
  std::vector<std::string> engines = {};  ///< that count; empty: each one that the inventory names
  /// Chooses instead of the rule: one of the candidates, or nullptr for none of them. resolve() throws
  /// std::invalid_argument where it is another device.
  std::function<const DeviceInfo*(std::span<const DeviceInfo* const> candidates)> choose = {};

  /// As HAYSTACK_MPS_ENABLED and HAYSTACK_XPU_ENABLED say: only the exact value "false" switches one off.
  static ResolvePolicy from_environment(ResolveRule rule = ResolveRule::haystack);
};

/// One device that was looked at, or the one or map that was given.
struct ResolveReason {
  ComponentDevice device = Device::cpu();
  bool taken = false;
  std::string why = {};  ///< "the first of cuda, xpu, mps, cpu that is available"

  bool operator==(const ResolveReason&) const = default;
};

struct Resolution {
  ComponentDevice device = Device::cpu();
  OrderedMap<DeviceKey> keys = {};          ///< which piece of hardware each device of it is, for engines
  std::vector<ResolveReason> reasons = {};  ///< of each device but disks, in the order looked at; exactly one is taken

  std::string str() const;  ///< one line for each reason: "cuda:0: taken, the first of cuda, xpu, mps, cpu that ..."

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong, also where not exactly one reason is taken.
  static Resolution from_dict(const Value& dict);

  bool operator==(const Resolution&) const = default;
};

/// Resolves `request` over a machine. Pure: neither this machine nor the environment is asked. Only devices that one of
/// the engines of `policy` can use count. A worker on another machine is taken only where a wish names the type `rpc`.
/// A given device or map comes back unchanged where the machine has all of it; the reason tells of devices in it that no
/// engine can use. No request, by the rule `haystack`, gives cuda:0, else xpu, else mps, else cpu, as Haystack does: the
/// first device of each type that can be used, and the CPU where there is nothing else.
/// Throws DeviceNotFound where the machine has no such device or nothing meets the wish; the message names the nearest.
Resolution resolve(const ResolveRequest& request, const Inventory& inventory, const ResolvePolicy& policy = {});

/// Resolves `request` over this machine as discover() sees it, or the one that use_simulated() was given, by the policy of the
/// environment, for these engines of this build (empty: all). No driver is looked at where the answer cannot depend on one: nothing or "cpu" is asked for, and the
/// engines use the CPU alone.
Resolution resolve_here(const ResolveRequest& request = {}, const std::vector<std::string>& engines = {});

}  // namespace berth
