/// Plans against all contiguous splits, on simulated machines with two unequal devices: how near a plan comes to the best split
/// that was measured, and how near its prediction comes to what it does.
///
///     placements model.gguf 20
///     placements model.gguf 20 19    only machines 19 and 20 of these
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "berth/berth.h"

namespace {

using namespace berth;

constexpr int tokens = 24;
constexpr int step = 3;    // layers between two splits
constexpr int rounds = 5;  // of the plan and the best split, one after the other
const Device first(DeviceType::vulkan, 0);
const Device second(DeviceType::vulkan, 1);

double tokens_per_second(const LoadRequest& request) {
  const auto model = engine("llama.cpp").load(request);
  const auto session = model->new_session();
  const GenerationRequest generation{.prompts = {"Once upon a time"}, .options = {.max_new_tokens = tokens}};
  double best = 0;
  for (int i = 0; i < 3; ++i) best = std::max(best, session->generate(generation).tokens_per_second);
  return best;
}

/// The first `on_cpu` layers on the CPU, then a run on each device, the output with the last.
Placement split(int layers, int on_cpu, int on_first) {
  Placement placement;
  const auto add = [&](int count, const Device& device) {
    if (count == 0) return;
    const int begin = placement.layers.empty() ? 0 : placement.layers.back().first + placement.layers.back().count;
    placement.layers.push_back({begin, count, device});
    placement.output = device;
  };
  add(on_cpu, Device::cpu());
  add(on_first, first);
  add(layers - on_cpu - on_first, second);
  return placement;
}

bool fits(const ModelProfile& profile, const Placement& placement, const ContextSpec& context,
          const Inventory& machine) {
  return std::ranges::all_of(memory_of(profile, placement, context, generation_options(context)), [&](const auto& use) {
    const auto* info = machine.find(use.device);
    return info != nullptr && use.total() <= info->free_bytes;
  });
}

struct Outcome {
  double planned = 0;
  double predicted = 0;
  double best = 0;
  std::string best_split = "none";
};

/// Both measured again in turn: the best of many measurements is a lucky one, and the plan was measured when the machine did
/// something else.
void measure_in_turn(Outcome& outcome, const LoadRequest& planned, const LoadRequest& best) {
  outcome.planned = outcome.best = 0;
  for (int i = 0; i < rounds; ++i) {
    outcome.planned = std::max(outcome.planned, tokens_per_second(planned));
    outcome.best = std::max(outcome.best, tokens_per_second(best));
  }
}

Outcome try_machine(const ModelProfile& profile, const Inventory& machine) {
  use_simulated(machine);
  const ContextSpec context{.n_ctx = 256};
  const auto plan = make_plan(profile, machine, {.context = context});
  const auto planned = LoadRequest::of(plan, profile.path);
  Outcome outcome{.predicted = plan.predicted->decode_tokens_per_s};
  auto best = planned;  // where none of the splits fits
  const int layers = static_cast<int>(profile.layers.size());
  for (int on_cpu = 0; on_cpu <= layers; on_cpu += step)
    for (int on_first = 0; on_first + on_cpu <= layers; on_first += step) {
      const auto placement = split(layers, on_cpu, on_first);
      if (!fits(profile, placement, context, machine)) continue;
      LoadRequest request{
          .model = profile.path, .placement = placement, .keys = machine.keys(first), .context = context};
      for (const auto& [name, key] : machine.keys(second)) request.keys.set(name, key);
      const auto speed = tokens_per_second(request);
      if (speed > outcome.best) {
        outcome.best = speed;
        best = request;
        outcome.best_split = fmt::format("{}+{}+{}", on_cpu, on_first, layers - on_cpu - on_first);
      }
    }
  measure_in_turn(outcome, planned, best);
  return outcome;
}

int run(const std::string& path, int machines, int begin) {
  const auto profile = read_model(path);
  const auto alone = tokens_per_second({.model = path, .context = ContextSpec{.n_ctx = 256}});
  const double cpu_rate = alone * static_cast<double>(profile.tensor_bytes);
  fmt::print("CPU alone: {:.1f} tokens/s, {:.1f} GB/s of weights\n", alone, cpu_rate / 1e9);
  fmt::print("{:<58} {:>8} {:>10} {:>8} {:>9} {}\n", "machine", "planned", "predicted", "best", "of best",
             "best split");
  std::mt19937 random(1);
  const auto mib = [&] { return 40 + random() % 60; };
  const auto rate = [&] { return cpu_rate / 1e9 * (0.1 + 0.05 * static_cast<double>(random() % 10)); };
  double worst = 1;
  for (int i = 1; i <= machines; ++i) {
    const auto text = fmt::format("cpu:{}MiB@{:.2f}GB/s,vulkan:{}MiB@{:.2f}GB/s,vulkan:{}MiB@{:.2f}GB/s", mib() + 40,
                                  cpu_rate / 1e9, mib(), rate(), mib(), rate());
    if (i < begin) continue;  // drawn all the same, so that a machine has its number
    auto machine = simulate(text);
    for (auto& info : machine.devices)
      if (info.speed) info.speed->operation_s = 1e-12;  // the rates are those of whole tokens, operations and all
    const auto plan = make_plan(profile, machine, {.context = {.n_ctx = 256}});
    if (plan.outcome != PlanOutcome::fits) {
      fmt::print("{:<58} does not fit\n", text);
      continue;
    }
    const auto outcome = try_machine(profile, machine);
    const auto part = outcome.planned / outcome.best;
    worst = std::min(worst, part);
    fmt::print("{:<58} {:>8.1f} {:>10.1f} {:>8.1f} {:>9.3f} {}\n", text, outcome.planned, outcome.predicted,
               outcome.best, part, outcome.best_split);
    std::fflush(stdout);  // a machine takes a minute
  }
  fmt::print("the worst plan reaches {:.3f} of the best split\n", worst);
  return 0;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 2) {
    fmt::print(stderr, "placements MODEL [MACHINES [FIRST]]\n");
    return 2;
  }
  return run(arguments[1], count > 2 ? std::atoi(arguments[2]) : 20, count > 3 ? std::atoi(arguments[3]) : 1);
} catch (const std::exception& problem) {
  fmt::print(stderr, "{}\n", problem.what());
  return 1;
}
