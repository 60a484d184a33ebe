/// Where each part of a model goes on a machine: known before anything is loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/context_spec.h"
#include "berth/device.h"
#include "berth/device_map_plan.h"
#include "berth/inventory.h"
#include "berth/model.h"
#include "berth/placement.h"
#include "berth/value.h"

namespace berth {

/// What an engine can do with a model. It places the first layers on the CPU, then a run of layers on each device in its
/// order; the output layer follows the last layer; the cache of a layer lies with the layer.
struct PlacementRules {
  std::string engine = "llama.cpp";
  bool tensor_overrides = true;  ///< single tensors can lie elsewhere than their layer
  int most_devices = 15;         ///< besides the CPU

  bool operator==(const PlacementRules&) const = default;
};

enum class Objective {
  fastest,          ///< the most tokens written a second
  prompt,           ///< the most tokens of a prompt read a second
  mixed,            ///< both, with so many tokens of prompts for each that is written
  fewest_devices,   ///< and among those the fastest
  largest_context,  ///< up to what the model was trained for, or what is asked for
  reach  ///< so many tokens written a second in a full context, with the least memory of the devices besides the CPU
};

/// Tensors that have to lie on a device.
struct Pin {
  std::string pattern = {};  ///< regular expression, found anywhere in the name of a tensor: "blk\\.0\\..*_exps"
  Device device = Device::cpu();

  bool operator==(const Pin&) const = default;
};

enum class CompanionKind {
  projector,  ///< of images and sound (mmproj)
  draft,      ///< a small model that guesses tokens ahead
  adapter     ///< LoRA: each of its tensors lies with the one that it changes
};

std::string_view to_string(CompanionKind kind);  ///< "projector", "draft", "adapter"

/// What is loaded with a model and counts with it.
struct Companion {
  CompanionKind kind = CompanionKind::projector;
  ModelProfile profile = {};
  /// Of projectors and drafts, which lie whole on one; absent: the first that the plan may use besides the CPU.
  std::optional<Device> device = {};
};

/// Bytes of a memory pool, by its id in the inventory.
struct PoolBytes {
  std::string pool = {};
  std::uint64_t bytes = 0;

  bool operator==(const PoolBytes&) const = default;
};

struct PlanRequest {
  PlacementRules rules = {};
  ContextSpec context = {};             ///< with n_ctx 0: what the model was trained for
  std::optional<int> min_context = {};  ///< n_ctx may be made smaller, down to this, where it does not fit
  Objective objective = Objective::fastest;
  double prompt_per_token = 4;    ///< for Objective::mixed
  double reach_tokens_per_s = 0;  ///< for Objective::reach; with `min_context`, the longest context that reaches it
  /// Berth's own, or one of accelerate's: it divides embeddings, layers and output by their weights, and the engine places
  /// as many layers of each device; where the cache and buffers do not fit then, they are taken off its budgets. What the
  /// engine cannot do as written stands in the reasons. With budgets in `max_memory`, accelerate uses no other accelerators.
  MapStrategy strategy = MapStrategy::optimal;
  std::vector<MemoryBudget> max_memory = {};  ///< of devices; the others may use all that is free
  std::uint64_t leave = 0;                    ///< bytes of each memory pool that stay free
  /// What models that run already, or are planned too, will still take of what the inventory says is free.
  std::vector<PoolBytes> reserved = {};
  std::vector<Companion> companions = {};
  std::vector<Pin> pins = {};    ///< the first that matches counts
  std::vector<Device> use = {};  ///< devices besides the CPU; empty: all
  std::vector<Device> avoid = {};
  /// Bounds the search where next to nothing is to spare: milliseconds of a usual processor, counted in steps, so that the
  /// answer does not depend on the clock; shorter contexts and what would help take a quarter each. There is a valid answer in
  /// any case.
  int search_ms = 200;
};

enum class PlanOutcome { fits, does_not_fit };
std::string_view to_string(PlanOutcome outcome);  ///< "fits", "does_not_fit"

/// Where memory lacks, for the placement that comes nearest.
struct Shortfall {
  Device device = Device::cpu();
  std::string pool = {};
  std::uint64_t needed_bytes = 0;
  std::uint64_t available_bytes = 0;

  bool operator==(const Shortfall&) const = default;
};

/// One change that alone would make the model fit.
struct PlanChange {
  std::string what = {};                        ///< "context", "cache_type", "quantization" or "device"
  std::optional<int> n_ctx = {};                ///< the longest context that fits
  std::optional<std::string> cache_type = {};   ///< of keys and values: the largest type that fits
  std::optional<std::uint64_t> bytes = {};      ///< of all weights, at most; or of the memory of one more device
  std::optional<std::string> device_type = {};  ///< of one more device: the kind that was looked at, "vulkan"

  std::string str() const;  ///< "a context of 8192 tokens"
  bool operator==(const PlanChange&) const = default;
};

struct Reason {
  std::string part = {};  ///< of the model or the plan: "layers 0 to 11", "experts", "context"
  std::string text = {};

  bool operator==(const Reason&) const = default;
};

struct PredictedSpeed {
  double decode_tokens_per_s = 0;  ///< with an empty context
  bool measured = false;           ///< from rates that were measured on this machine; else from usual ones
  bool ran = false;                ///< both speeds are what was seen when the plan ran: see run_plans()
  std::string limited_by = {};     ///< the device that takes the most time
  double prompt_tokens_per_s = 0;
  bool prompt_measured = false;  ///< as `measured`, of products of matrices
  /// As `decode_tokens_per_s` once the context is full, and its cache is read for each token; 0: not predicted.
  double full_context_tokens_per_s = 0;

  bool operator==(const PredictedSpeed&) const = default;
};

/// A companion as a plan has it.
struct PlacedCompanion {
  CompanionKind kind = CompanionKind::projector;
  std::filesystem::path path = {};
  std::string architecture = {};      ///< as its header names it
  std::optional<Device> device = {};  ///< absent of adapters, which lie with the tensors that they change

  bool operator==(const PlacedCompanion&) const = default;
};

/// The answer of make_plan().
struct Plan {
  PlanOutcome outcome = PlanOutcome::does_not_fit;
  Placement placement = {};
  ContextSpec context = {};
  std::vector<DeviceUse> use = {};  ///< with what `companions` take
  bool exact = false;               ///< `use` has the bytes of the engine itself: see verified_plan()
  std::vector<PlacedCompanion> companions = {};
  std::optional<PredictedSpeed> predicted = {};
  std::vector<Shortfall> missing = {};   ///< where it does not fit
  std::vector<PlanChange> changes = {};  ///< where it does not fit: each would do
  std::vector<Reason> reasons = {};

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static Plan from_dict(const Value& dict);

  bool operator==(const Plan&) const = default;
};

/// The bytes that a model takes, by device.
using MemoryFunction = std::function<std::vector<DeviceUse>(const Placement&, const ContextSpec&)>;

/// The best placement that `memory` says fits. Pure and deterministic: the machine is not touched. A model that does not
/// fit is an answer, not an error. Throws std::invalid_argument for a model without layers, devices that `inventory` does
/// not have, and pins that match nothing.
Plan make_plan(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request,
               const MemoryFunction& memory);

/// The same with the bytes that memory_of() computes for generation by llama.cpp: what it says fits, fits.
///
///     const auto profile = read_model("model.gguf");
///     const auto plan = make_plan(profile, discover(), {.context = {.n_ctx = 8192}});
///     for (const auto& use : plan.use) std::cout << use.device << ' ' << use.total() << '\n';
Plan make_plan(const ModelProfile& profile, const Inventory& inventory, const PlanRequest& request = {});

/// One of several models that are to run side by side.
struct PlanTask {
  ModelProfile profile = {};
  PlanRequest request = {};
  int priority = 0;  ///< the higher, the earlier it chooses
};

/// Plans that hold together, in the order of `tasks`: each leaves what those before it take. Models of higher priority
/// choose first; one that then finds no room goes before the others where more fit so. Throws as make_plan().
std::vector<Plan> make_plans(const std::vector<PlanTask>& tasks, const Inventory& inventory);

/// Another plan for the same request: "cuda:0 alone" with what does not fit there on the CPU, "balanced".
struct Alternative {
  std::string what = {};
  Plan plan = {};  ///< may not fit
};

/// What else there is than `plan`, which was made by `request`: each of its devices alone, the CPU alone, and by accelerate's
/// strategies, with the context of `plan`; the fastest first, those that do not fit last. None has the same placement.
std::vector<Alternative> alternatives(const Plan& plan, const ModelProfile& profile, const Inventory& inventory,
                                      const PlanRequest& request = {});

/// Why `plan` does not hold on `inventory`, by device: it is missing, another piece of hardware has its name, or less is
/// free than the plan needs. Empty where it holds. A plan that did not fit when it was made does not hold either.
std::vector<Reason> check(const Plan& plan, const Inventory& inventory);

/// Why `plan` cannot be one of this model: it has other layers or tensors, or says other bytes than the model takes. Empty
/// where it can.
std::vector<Reason> check(const Plan& plan, const ModelProfile& profile);

/// Why a plan does not fit and what would help, in a sentence. Empty for one that fits.
std::string why_not(const Plan& plan);

/// Where a tensor of the model lies and why, in words: "blk.12.ffn_down.weight lies on cuda:0 with layer 12 ...". "blk.12" is
/// the whole layer. Throws std::invalid_argument for a layer that the plan does not place, and for a name of no layer that
/// no model has.
std::string explain(const Plan& plan, std::string_view tensor);

}  // namespace berth
