#include "plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/encoder_decoder.h"
#include "plan/speed/machine_view.h"
#include "text.h"
#include "text/bytes.h"
#include "text/printable.h"
#include "text/rate.h"

namespace berth::cli {
namespace {

constexpr std::size_t memory_bar_width = 76;

std::string sequences_text(int count) { return fmt::format("{} sequence{}", count, count == 1 ? "" : "s"); }

std::string cache_types_text(const ContextSpec& context) {
  return context.type_k == context.type_v ? context.type_k : context.type_k + "/" + context.type_v;
}

/// `reads_only`: the model writes no tokens.
std::string predicted_text(const PredictedSpeed& speed, bool reads_only) {
  const auto rates = [](bool measured) { return measured ? "measured rates" : "usual rates, not measured"; };
  if (reads_only)
    return fmt::format("{} tokens/s predicted ({})", rate_text(speed.prompt_tokens_per_s),
                       rates(speed.prompt_measured));
  if (speed.ran)
    return fmt::format("{} tokens/s seen; prompts {} tokens/s seen", rate_text(speed.decode_tokens_per_s),
                       rate_text(speed.prompt_tokens_per_s));
  auto text = fmt::format("{} tokens/s predicted", rate_text(speed.decode_tokens_per_s));
  if (speed.full_context_tokens_per_s > 0)
    text += fmt::format(", {} in a full context", rate_text(speed.full_context_tokens_per_s));
  text += fmt::format(", limited by {} ({})", speed.limited_by, rates(speed.measured));
  if (speed.prompt_tokens_per_s > 0)
    text +=
        fmt::format("; prompts {} tokens/s ({})", rate_text(speed.prompt_tokens_per_s), rates(speed.prompt_measured));
  return text;
}

/// "weights #", drawn in proportion; a part that is there at all has at least one mark, as long as there is room.
std::string memory_bar(const DeviceUse& use, std::uint64_t room) {
  const auto all = static_cast<double>(std::max({room, use.total(), std::uint64_t{1}}));
  std::string bar;
  std::uint64_t sum = 0;
  for (const auto& [bytes, mark] :
       {std::pair{use.weights, '#'}, {use.cache, '='}, {use.compute, '+'}, {use.overhead, '-'}}) {
    sum += bytes;
    auto end = static_cast<std::size_t>(static_cast<double>(sum) / all * memory_bar_width + 0.5);
    if (bytes > 0) end = std::max(end, bar.size() + 1);
    bar.resize(std::max(bar.size(), std::min(end, memory_bar_width)), mark);
  }
  bar.resize(memory_bar_width, use.total() > room ? '!' : '.');
  if (use.total() > room) bar.back() = '!';
  return bar;
}

std::string devices_text(const Plan& plan, const Inventory& inventory, const PlanRequest& request) {
  const bool is_bounded = request.leave > 0 || !request.max_memory.empty();
  std::vector<std::vector<std::string>> rows = {
      {"DEVICE", "WEIGHTS", "CACHE", "COMPUTE", "OVERHEAD", "TOTAL", is_bounded ? "MAY USE" : "FREE NOW"}};
  std::vector<std::string> bars;
  for (const auto& use : plan.use) {
    const auto* info = inventory.find(use.device);
    const auto room = info == nullptr ? use.total() : plan::room_of(*info, inventory, request);
    bars.push_back(memory_bar(use, room));
    rows.push_back({use.device.str(), in_units(use.weights), in_units(use.cache), in_units(use.compute),
                    in_units(use.overhead), in_units(use.total()), info == nullptr ? "?" : in_words(room)});
  }
  const auto lines = table(rows);
  std::string text;
  std::size_t at = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto end = lines.find('\n', at) + 1;
    text += lines.substr(at, end - at);
    at = end;
    if (i == 0) continue;
    text += "  [" + bars[i - 1] + "]\n";
  }
  return text + "  # weights  = cache  + compute buffers  - overhead of the driver  . free\n";
}

std::string reason_for(const Plan& plan, const std::string& part) {
  const auto found = std::ranges::find(plan.reasons, part, &Reason::part);
  return found == plan.reasons.end() ? "" : found->text;
}

/// "  0 to 11    cuda:0   why".
std::string layer_line(const std::string& layers, const Device& device, const std::string& why) {
  auto line = fmt::format("  {:<12} {:<9} ", layers, device.str());
  line += wrapped(escaped(why), characters(line));
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string layers_text(const Plan& plan) {
  const auto& placement = plan.placement;
  if (placement.layers.empty()) return "";
  std::string text = "\nLayers\n" + layer_line("input", placement.input, "");
  std::vector<std::string> shown;
  for (const auto& run : placement.layers) {
    const auto last = run.first + run.count - 1;
    shown.push_back(fmt::format("layers {} to {}", run.first, last));
    text += layer_line(run.count == 1 ? std::to_string(run.first) : fmt::format("{} to {}", run.first, last),
                       run.device, reason_for(plan, shown.back()));
  }
  text += layer_line("output", placement.output, "");
  if (!placement.tensors.empty()) {
    std::vector<std::pair<Device, std::size_t>> counts;
    for (const auto& [name, device] : placement.tensors) {
      const auto found = std::ranges::find(counts, device, &std::pair<Device, std::size_t>::first);
      found == counts.end() ? void(counts.emplace_back(device, 1)) : void(++found->second);
    }
    for (const auto& [device, count] : counts)
      text += layer_line(fmt::format("{} tensors", count), device, "apart from their layers");
  }
  for (const auto& [part, why] : plan.reasons) {
    if (std::ranges::find(shown, part) != shown.end() || placement.tensors.contains(part)) continue;
    text += fmt::format("  {}: {}\n", escaped(part), wrapped(escaped(why), characters(escaped(part)) + 4));
  }
  return text;
}

std::string problems_text(const Plan& plan) {
  if (plan.outcome == PlanOutcome::fits) return "";
  std::string text = "\nWhat lacks\n";
  for (const auto& each : plan.missing)
    text += fmt::format("  {} needs {} and has {}: {} more\n", each.device.str(), in_units(each.needed_bytes),
                        in_words(each.available_bytes), in_units(each.needed_bytes - each.available_bytes));
  if (plan.missing.empty()) text += "  there is no placement, whatever the CPU had\n";
  text += plan.changes.empty() ? "\nNo single change would help\n" : "\nWhat would help, each alone\n";
  for (const auto& change : plan.changes) text += "  " + escaped(change.str()) + "\n";
  return text;
}

std::string layers_on(const Plan& plan, const Device& device) {
  std::string text;
  for (const auto& run : plan.placement.layers)
    if (run.device == device)
      text += fmt::format("{}{}-{}", text.empty() ? "" : ", ", run.first, std::int64_t{run.first} + run.count - 1);
  if (plan.placement.output == device) text += text.empty() ? "output" : ", output";
  return text.empty() ? "-" : text;
}

const DeviceUse* use_of(const Plan& plan, const Device& device) {
  const auto found = std::ranges::find(plan.use, device, &DeviceUse::device);
  return found == plan.use.end() ? nullptr : &*found;
}

}  // namespace

std::string plan_table(const Plan& plan, const ModelProfile& profile, const Inventory& inventory,
                       const PlanRequest& request) {
  const auto& context = plan.context;
  const auto line = [](const char* name, const std::string& text) {
    return fmt::format("{:<9}{}\n", name, wrapped(escaped(text), 9));
  };
  auto text = line("Model", fmt::format("{}, {}, {} layers, {}", profile.name, profile.architecture,
                                        profile.block_count.value_or(0), in_units(profile.tensor_bytes)));
  text += line("Context", fmt::format("{} tokens, {}, cache in {}", context.n_ctx, sequences_text(context.n_seq),
                                      cache_types_text(context)));
  text += line("Outcome", plan.outcome == PlanOutcome::fits ? "it fits" : "it does not fit");
  if (plan.predicted) text += line("Speed", predicted_text(*plan.predicted, model::sees_both_ways(profile)));
  if (!plan.use.empty()) text += "\n" + devices_text(plan, inventory, request);
  return text + layers_text(plan) + problems_text(plan);
}

std::string verification_table(const MemoryUse& predicted, const MemoryUse& exact) {
  std::vector<std::vector<std::string>> rows = {{"DEVICE", "BUFFER", "PREDICTED", "LLAMA.CPP", "DIFFERENCE"}};
  for (const auto& buffer : exact.buffers) {
    std::uint64_t expected = 0;
    for (const auto& each : predicted.buffers)
      if (each.device == buffer.device && each.kind == buffer.kind) expected += each.bytes;
    const auto difference = static_cast<std::int64_t>(expected) - static_cast<std::int64_t>(buffer.bytes);
    rows.push_back({buffer.device.str(), std::string(to_string(buffer.kind)), std::to_string(expected),
                    std::to_string(buffer.bytes), difference == 0 ? "none" : fmt::format("{:+}", difference)});
  }
  return "Asked of llama.cpp, in bytes\n" + table(rows);
}

std::string runs_table(const std::vector<PlanRun>& runs) {
  std::vector<std::vector<std::string>> rows = {{"RAN FOR A SECOND", "TOKENS/S", "PROMPT TOKENS/S", "LAYERS"}};
  std::string problems;
  for (const auto& [what, plan, problem] : runs) {
    if (!problem.empty()) {
      problems += fmt::format("{} did not run: {}\n", what, escaped(problem));
      continue;
    }
    std::string layers;
    for (const auto& run : plan.placement.layers)
      layers += fmt::format("{}{} {}", layers.empty() ? "" : ", ", run.count, run.device.str());
    rows.push_back(
        {what, rate_text(plan.predicted->decode_tokens_per_s), rate_text(plan.predicted->prompt_tokens_per_s), layers});
  }
  return table(rows) + problems;
}

std::string comparison_table(const Plan& first, const std::string& first_title, const Plan& second,
                             const std::string& second_title) {
  std::vector<std::vector<std::string>> rows = {{"", escaped(first_title), escaped(second_title)}};
  const auto add = [&](std::string name, auto&& text_of) {
    rows.push_back({std::move(name), text_of(first), text_of(second)});
  };
  add("outcome", [](const Plan& plan) { return std::string(to_string(plan.outcome)); });
  add("tokens/s", [](const Plan& plan) {
    return plan.predicted ? fmt::format("{}{}", rate_text(plan.predicted->decode_tokens_per_s),
                                        plan.predicted->measured ? "" : " (not measured)")
                          : std::string("-");
  });
  add("tokens/s when full", [](const Plan& plan) {
    return plan.predicted && plan.predicted->full_context_tokens_per_s > 0
               ? rate_text(plan.predicted->full_context_tokens_per_s)
               : std::string("-");
  });
  add("limited by", [](const Plan& plan) { return plan.predicted ? escaped(plan.predicted->limited_by) : "-"; });
  add("context", [](const Plan& plan) {
    return fmt::format("{} tokens, {}", plan.context.n_ctx, sequences_text(plan.context.n_seq));
  });
  add("cache", [](const Plan& plan) { return escaped(cache_types_text(plan.context)); });
  add("tensors apart", [](const Plan& plan) { return std::to_string(plan.placement.tensors.size()); });
  std::vector<Device> devices;
  for (const auto* plan : {&first, &second})
    for (const auto& use : plan->use)
      if (std::ranges::find(devices, use.device) == devices.end()) devices.push_back(use.device);
  std::ranges::sort(devices);
  for (const auto& device : devices) {
    add(device.str() + " layers", [&](const Plan& plan) { return layers_on(plan, device); });
    for (const auto& [name, part] :
         {std::pair{" weights", &DeviceUse::weights}, {" cache", &DeviceUse::cache}, {" compute", &DeviceUse::compute}})
      add(device.str() + name, [&, part = part](const Plan& plan) {
        const auto* use = use_of(plan, device);
        return use == nullptr ? "-" : in_units(use->*part);
      });
    add(device.str() + " total", [&](const Plan& plan) {
      const auto* use = use_of(plan, device);
      return use == nullptr ? "-" : in_units(use->total());
    });
  }
  return table(rows);
}

}  // namespace berth::cli
