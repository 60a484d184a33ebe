#include "plan/companions.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "berth/memory.h"
#include "model/encoder_decoder.h"
#include "plan/layer_of.h"
#include "plan/memory/stored_bytes.h"
#include "plan/speed/machine_view.h"
#include "text/printable.h"

namespace berth::plan {
namespace {

DeviceUse& use_on(std::vector<DeviceUse>& uses, const Device& device) {
  const auto found = std::ranges::find(uses, device, &DeviceUse::device);
  // The CPU stays the last.
  return found != uses.end() ? *found : *uses.insert(uses.begin(), DeviceUse{.device = device});
}

/// Adapters lie with the tensors that they change: "blk.3.attn_q.weight.lora_a" where blk.3.attn_q.weight does.
void add_adapter(std::vector<DeviceUse>& uses, const ModelProfile& adapter, const Placement& placement) {
  for (const auto& tensor : adapter.tensors) {
    const auto base = tensor.name.substr(0, tensor.name.rfind(".lora_"));
    auto device = base.starts_with("output") ? placement.output : placement.input;
    if (const auto layer = layer_of(base))
      for (const auto& run : placement.layers)
        if (*layer >= static_cast<std::size_t>(run.first) &&
            *layer - static_cast<std::size_t>(run.first) < static_cast<std::size_t>(run.count))
          device = run.device;
    if (const auto* apart = placement.tensors.find(base)) device = *apart;
    use_on(uses, device).weights += tensor.bytes;
  }
}

std::uint64_t clip_number(const ModelProfile& profile, const std::string& name, std::uint64_t otherwise) {
  const auto* value = profile.metadata.find("clip.vision." + name);
  if (value == nullptr || !value->is_int() || value->as_int() <= 0) return otherwise;
  return static_cast<std::uint64_t>(std::min<std::int64_t>(value->as_int(), 1 << 20));
}

/// A bound, not a computation: the scores of all pairs of patches of one image, and what one layer keeps of each patch.
std::uint64_t projector_compute(const ModelProfile& profile) {
  const auto side = clip_number(profile, "image_size", 896) / clip_number(profile, "patch_size", 14);
  const auto patches = std::min<std::uint64_t>(side * side, 1 << 16);
  const auto width = clip_number(profile, "embedding_length", 1024);
  const auto inner = clip_number(profile, "feed_forward_length", 4 * width);
  const auto heads = clip_number(profile, "attention.head_count", 16);
  return patches * (patches * heads + inner + 8 * width) * sizeof(float);
}

void add_draft(std::vector<DeviceUse>& uses, const ModelProfile& draft, const Device& device,
               const ContextSpec& context, bool with_compute) {
  const int layers = static_cast<int>(draft.layers.size());
  const Placement placement{.layers = {{0, layers, device}}, .output = device};
  const auto own = with_compute ? memory_of(draft, placement, context, generation_options(context))
                                : stored_bytes(draft, placement, context);
  for (const auto& each : own) {
    auto& use = use_on(uses, each.device);
    use.weights += each.weights;
    use.cache += each.cache;
    use.compute += each.compute;
  }
}

/// What a file is, by its header; empty where that does not tell.
std::string_view kind_of(const ModelProfile& profile) {
  const auto* type = profile.metadata.find("general.type");
  const bool adapts = std::ranges::any_of(
      profile.tensors, [](const auto& tensor) { return tensor.name.find(".lora_") != std::string::npos; });
  if (adapts || (type != nullptr && *type == Value("adapter"))) return "a LoRA adapter";
  if (profile.architecture == "clip") return "a projector";
  if (!profile.block_count) return {};
  return model::sees_both_ways(profile) ? "an encoder" : "a language model";
}

std::string_view needed_kind(CompanionKind kind) {
  return kind == CompanionKind::projector ? "a projector"
         : kind == CompanionKind::draft   ? "a language model"
                                          : "a LoRA adapter";
}

}  // namespace

void check_companions(const PlanRequest& request) {
  for (const auto& [kind, profile, device] : request.companions) {
    if (!profile.format.empty() && profile.format != "gguf")
      throw std::invalid_argument(fmt::format("The {} {} is in {}, where a GGUF is needed", to_string(kind),
                                              in_quotes(profile.path.string()), profile.format));
    const auto found = kind_of(profile);
    const auto needed = needed_kind(kind);
    if (!found.empty() && found != needed)
      throw std::invalid_argument(fmt::format("The {} {} is {} ({}), where {} is needed", to_string(kind),
                                              in_quotes(profile.path.string()), found, printable(profile.architecture),
                                              needed));
  }
}

void add_companions(std::vector<DeviceUse>& uses, const PlanRequest& request, const Placement& placement,
                    const ContextSpec& context, const Device& first, bool with_compute) {
  for (const auto& companion : request.companions) {
    const auto device = companion.device.value_or(first);
    if (companion.kind == CompanionKind::adapter) {
      add_adapter(uses, companion.profile, placement);
    } else if (companion.kind == CompanionKind::draft) {
      add_draft(uses, companion.profile, device, context, with_compute);
    } else {
      auto& use = use_on(uses, device);
      for (const auto& tensor : companion.profile.tensors) use.weights += tensor.bytes;
      if (with_compute) use.compute += projector_compute(companion.profile);
    }
  }
}

Device first_device_of(const Inventory& inventory, const PlanRequest& request) {
  const auto view = view_of(inventory, request, {.state_bytes = 0, .flop_per_byte = 1});
  return view.devices.empty() ? view.cpu.device : view.devices.front().device;
}

}  // namespace berth::plan
