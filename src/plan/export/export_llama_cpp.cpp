/// Arguments as common/arg.cpp of llama.cpp 0.3.36 reads them. Its rule for -ts (llama_model_base::load_tensors): layer k
/// of those that are not on the CPU goes to the first device whose part of the sum of shares, with those before it, is
/// above k / n. Where the shares are the numbers of layers themselves, that is exact.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "berth/convert.h"
#include "berth/plan_export.h"
#include "plan/export/export.h"
#include "plan/export/layer_split.h"
#include "plan/layer_of.h"
#include "plan/memory/engine_layout.h"
#include "plan/memory/placed_weights.h"
#include "text/nearest.h"

namespace berth {
namespace {

/// The names by which llama.cpp knows the devices of a plan.
class LlamaNames {
 public:
  LlamaNames(const Inventory& inventory, const std::vector<Device>& devices) : inventory_(inventory) {
    for (const auto& device : devices) {
      const auto* info = inventory.find(device);
      if (info == nullptr || !info->remote) continue;
      const auto& endpoint = info->remote->endpoint;
      if (std::ranges::find(endpoints_, endpoint) == endpoints_.end()) endpoints_.push_back(endpoint);
    }
  }

  const std::vector<std::string>& endpoints() const { return endpoints_; }

  std::string device(const Device& device) const {
    const auto* info = inventory_.find(device);
    if (info == nullptr) return to_ggml(device);
    if (info->remote) return fmt::format("RPC{}", number_of(*info->remote));
    const auto name = std::ranges::find(info->engines, "llama.cpp", &DeviceName::in);
    return name == info->engines.end() || name->name.empty() ? to_ggml(device) : name->name;
  }
  std::string buffer(const Device& device) const {
    const auto* info = inventory_.find(device);
    if (info != nullptr && info->remote) return fmt::format("RPC{}[{}]", info->remote->number, info->remote->endpoint);
    return device.type() == DeviceType::cpu ? "CPU" : this->device(device);
  }

 private:
  /// llama.cpp counts the devices of all workers in the order of --rpc.
  std::uint32_t number_of(const RemoteInfo& remote) const {
    std::uint32_t before = 0;
    for (const auto& endpoint : endpoints_) {
      if (endpoint == remote.endpoint) break;
      std::uint32_t count = 1;
      for (const auto& info : inventory_.devices)
        if (info.remote && info.remote->endpoint == endpoint) count = std::max(count, info.remote->number + 1);
      before += count;
    }
    return before + remote.number;
  }

  const Inventory& inventory_;
  std::vector<std::string> endpoints_;  // of the workers in use, in the order of their devices
};

/// `text` for a regular expression in an argument, where commas and equals signs separate.
std::string as_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (c == ',' || c == '=')
      pattern += '.';
    else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_')
      pattern += c;
    else
      pattern += {'\\', c};
  }
  return pattern;
}

/// The parts of a name around the number of its layer: "enc.blk." and "attn_k.weight".
std::pair<std::string_view, std::string_view> around_layer(std::string_view name, std::size_t layer) {
  const auto number = fmt::format(".{}.", layer);
  const auto at = name.find(number);
  return {name.substr(0, at + 1), name.substr(at + number.size())};
}

/// "^blk\.(0|1)\.(ffn_down_exps\.weight|ffn_up_exps\.weight)$=CPU,...": layers with the same parts are named together.
std::string overrides(const OrderedMap<Device>& tensors, const LlamaNames& names) {
  using Stack = std::pair<Device, std::string>;  // with what stands before the numbers of its layers
  std::map<std::pair<Stack, std::size_t>, std::set<std::string>> of_layers;
  std::vector<std::string> items;
  for (const auto& [name, device] : tensors) {
    const auto layer = plan::layer_of(name);
    if (!layer) {
      items.push_back(fmt::format("^{}$={}", as_pattern(name), names.buffer(device)));
      continue;
    }
    const auto [stack, part] = around_layer(name, *layer);
    of_layers[{{device, as_pattern(stack)}, *layer}].insert(as_pattern(part));
  }
  std::map<std::pair<Stack, std::set<std::string>>, std::vector<std::size_t>> together;
  for (const auto& [where, parts] : of_layers) together[{where.first, parts}].push_back(where.second);
  for (const auto& [what, layers] : together)
    items.push_back(fmt::format("^{}({})\\.({})$={}", what.first.second, fmt::join(layers, "|"),
                                fmt::join(what.second, "|"), names.buffer(what.first.first)));
  return fmt::format("{}", fmt::join(items, ","));
}

/// With the embeddings where they are not on the CPU, which has them by itself.
OrderedMap<Device> apart_from_layers(const Placement& placement, const ModelProfile& profile) {
  auto tensors = placement.tensors;
  if (placement.input.type() == DeviceType::cpu) return tensors;
  for (const auto& tensor : profile.tensors)
    if (plan::is_input(tensor) && !tensors.contains(tensor.name)) tensors.set(tensor.name, placement.input);
  return tensors;
}

std::string_view flash_argument(FlashAttention flash) {
  return flash == FlashAttention::on ? "on" : flash == FlashAttention::off ? "off" : "auto";
}

void add_context(std::vector<std::string>& arguments, const ContextSpec& context) {
  const auto add = [&](const char* name, const auto& value) {
    arguments.insert(arguments.end(), {name, fmt::format("{}", value)});
  };
  add("-c", context.n_ctx);
  add("-np", context.n_seq);
  add("-b", context.n_batch);
  add("-ub", context.n_ubatch);
  add("-ctk", lower(context.type_k));
  add("-ctv", lower(context.type_v));
  add("-fa", flash_argument(context.flash_attention));
  arguments.emplace_back(context.unified ? "-kvu" : "-no-kvu");
  if (!context.offload_cache) arguments.emplace_back("-nkvo");
}

/// A value in a list that commas separate (parse_csv_row).
std::string in_list(std::string_view text) {
  if (text.find_first_of(",\"") == text.npos) return std::string(text);
  std::string quoted;
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return '"' + quoted + '"';
}

/// The kind of drafts that llama-server does not find out by itself. Its default is to load a draft and not to use it.
std::string_view draft_type(const PlacedCompanion& draft) {
  return draft.architecture == "eagle3" ? "draft-eagle3" : draft.architecture == "dflash" ? "" : "draft-simple";
}

void add_draft(std::vector<std::string>& arguments, const PlacedCompanion& draft, const ContextSpec& context,
               const LlamaNames& names) {
  const auto device = draft.device.value_or(Device::cpu());
  const bool on_cpu = device.type() == DeviceType::cpu;
  arguments.insert(arguments.end(),
                   {"-md", draft.path.string(), "-devd", on_cpu ? "none" : names.device(device), "-ngld",
                    on_cpu ? "0" : "all", "-ctkd", lower(context.type_k), "-ctvd", lower(context.type_v)});
  if (const auto type = draft_type(draft); !type.empty())
    arguments.insert(arguments.end(), {"--spec-type", std::string(type)});
}

void add_companions(std::vector<std::string>& arguments, const Plan& plan, const LlamaNames& names) {
  std::vector<std::string> adapters;
  for (const auto& each : plan.companions) {
    const auto path = each.path.string();
    if (each.kind == CompanionKind::adapter) {
      adapters.push_back(in_list(path));
    } else if (each.kind == CompanionKind::draft) {
      add_draft(arguments, each, plan.context, names);
    } else {
      arguments.insert(arguments.end(), {"--mmproj", path});
      const auto device = each.device.value_or(Device::cpu());
      if (device.type() == DeviceType::cpu)
        arguments.emplace_back("--no-mmproj-offload");
      else
        arguments.insert(arguments.end(), {"-mmdev", names.device(device)});
    }
  }
  if (!adapters.empty()) arguments.insert(arguments.end(), {"--lora", fmt::format("{}", fmt::join(adapters, ","))});
}

bool needs_quotes(std::string_view text) {
  return text.empty() || text.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "_-./,:@%+=") != text.npos;
}

}  // namespace

std::vector<std::string> to_llama_cpp(const Plan& plan, const ModelProfile& profile, const Inventory& inventory) {
  plan::need_gguf(profile, "llama-server");
  plan::need_fitting(plan, "llama.cpp");
  const auto placement = plan::without_disk(plan.placement);
  const auto split = plan::layer_split(plan::engine_layout(profile, placement, plan.context, {}));
  constexpr std::size_t most_shares = 15;  // one less than devices: common/arg.cpp
  if (split.devices.size() > most_shares)
    throw std::invalid_argument(fmt::format("llama-server takes shares of {} devices at most, and the plan has {}",
                                            most_shares, split.devices.size()));
  auto in_use = split.devices;
  for (const auto& each : plan.companions)
    if (each.device) in_use.push_back(*each.device);
  const LlamaNames names(inventory, in_use);
  for (const auto& endpoint : names.endpoints()) {
    if (endpoint.starts_with("tls://"))
      throw std::invalid_argument(
          fmt::format("llama-server speaks no TLS, so that it cannot use the worker {}", endpoint));
    if (endpoint.starts_with('['))
      throw std::invalid_argument(fmt::format(
          "llama-server reaches workers by a name or an IPv4 address only, so that it cannot use {}", endpoint));
  }
  std::vector<std::string> arguments = {"-m", profile.path.string()};
  if (!names.endpoints().empty())
    arguments.insert(arguments.end(), {"--rpc", fmt::format("{}", fmt::join(names.endpoints(), ","))});
  std::vector<std::string> devices;
  for (const auto& device : split.devices) devices.push_back(names.device(device));
  arguments.insert(arguments.end(), {"-dev", devices.empty() ? "none" : fmt::format("{}", fmt::join(devices, ",")),
                                     "-ngl", std::to_string(split.n_gpu_layers)});
  if (split.devices.size() > 1)
    arguments.insert(arguments.end(), {"-ts", fmt::format("{}", fmt::join(split.counts, ","))});
  if (const auto tensors = apart_from_layers(placement, profile); !tensors.empty())
    arguments.insert(arguments.end(), {"-ot", overrides(tensors, names)});
  if (plan::uses_disk(plan.placement)) arguments.emplace_back("--no-repack");  // what is laid out anew is not mapped
  add_context(arguments, plan.context);
  add_companions(arguments, plan, names);
  arguments.insert(arguments.end(), {"-fit", "off"});  // what is planned is not to be changed
  return arguments;
}

std::string shell_command(std::string_view program, const std::vector<std::string>& arguments) {
  std::string command(program);
  for (const auto& argument : arguments) {
    command += ' ';
    if (!needs_quotes(argument)) {
      command += argument;
      continue;
    }
    command += '\'';
    for (const char c : argument) command += c == '\'' ? std::string("'\\''") : std::string(1, c);
    command += '\'';
  }
  return command;
}

}  // namespace berth
