/// Random machines with several vendors' cards, as probes and engines with faults and wills of their own see them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "discover/merge.h"
#include "random_values.h"

namespace berth::test {

/// One piece of hardware. `types` of each sighting holds its tag, which tells the test, and nobody else, what it is.
struct Card {
  std::string tag, vendor, name, pci_id, uuid;
};

/// An engine that was not written by us: what it lists, in its order, with what it happens to know.
struct FakeEngine {
  std::string name;
  std::vector<DeviceInfo> devices;

  discovery::Findings findings() const {
    return {.report = {.probe = name, .outcome = ProbeOutcome::found}, .devices = devices};
  }
};

struct RandomMachine {
  std::vector<discovery::Findings> probes;
  std::vector<FakeEngine> engines;

  Inventory inventory() const {
    std::vector<discovery::Findings> of_engines;
    for (const auto& engine : engines) of_engines.push_back(engine.findings());
    return discovery::merge(probes, of_engines);
  }
};

class RandomMachines {
 public:
  explicit RandomMachines(unsigned seed) : random_(seed) {}

  RandomMachine next() {
    cards_.clear();
    for (int i = random_.below(6); i > 0; --i) add_card();
    RandomMachine machine;
    machine.probes.push_back({.report = {.probe = "cpu"}, .devices = {cpu()}});
    const Api apis[] = {{"cuda", "NVIDIA", DeviceType::cuda, "CUDA"},
                        {"hip", "AMD", DeviceType::cuda, "ROCm"},
                        {"level_zero", "Intel", DeviceType::xpu, "SYCL"},
                        {"vulkan", "", DeviceType::vulkan, "Vulkan"}};
    machine.engines = {{"alpha", {engine_cpu("alpha")}}, {"beta", {engine_cpu("beta")}}};
    for (const auto& api : apis) {
      const auto visible = visible_to(api);
      if (random_.below(4) != 0) machine.probes.push_back(probe(api, visible));
      for (auto& engine : machine.engines)
        if (random_.below(3) != 0) add_backend(engine, api, visible);
    }
    if (random_.coin()) machine.probes.push_back(sightings());
    return machine;
  }

 private:
  struct Api {
    std::string name, vendor;
    DeviceType type;
    std::string backend;
  };

  void add_card() {
    static const char* const vendors[] = {"NVIDIA", "AMD", "Intel"};
    static const char* const models[] = {"big", "small"};
    const auto number = std::to_string(cards_.size());
    const std::string vendor = vendors[random_.below(3)];
    cards_.push_back({.tag = "card-" + number,
                      .vendor = vendor,
                      .name = vendor + " " + models[random_.below(2)],
                      .pci_id = "0000:0" + number + ":00.0",
                      .uuid = "GPU-0000000" + number});
  }

  static DeviceInfo cpu() { return {.device = Device::cpu(), .name = "CPU", .pool = "ram", .types = {"the-cpu"}}; }
  static DeviceInfo engine_cpu(const std::string& engine) {
    auto info = cpu();
    info.engines = {{engine, "CPU"}};
    return info;
  }

  /// What a variable such as CUDA_VISIBLE_DEVICES leaves, in its order: for all who use that API in this process.
  std::vector<Card> visible_to(const Api& api) {
    std::vector<Card> visible;
    for (const auto& card : cards_)
      if (api.vendor.empty() || card.vendor == api.vendor) visible.push_back(card);
    if (random_.coin()) shuffle(visible);
    if (random_.below(3) == 0)
      visible.resize(static_cast<std::size_t>(random_.below(static_cast<int>(visible.size()) + 1)));
    return visible;
  }

  template <class T>
  void shuffle(std::vector<T>& list) {
    for (std::size_t i = list.size(); i > 1; --i)
      std::swap(list[i - 1], list[static_cast<std::size_t>(random_.below(static_cast<int>(i)))]);
  }

  DeviceInfo seen(const Card& card, Device device, bool tells_pci, bool tells_uuid) const {
    DeviceInfo info{.device = device, .name = card.name, .pool = device.str(), .types = {card.tag}};
    if (tells_pci) info.pci_id = card.pci_id;
    if (tells_uuid) info.uuid = card.uuid;
    return info;
  }

  discovery::Findings probe(const Api& api, const std::vector<Card>& visible) {
    discovery::Findings findings{.report = {.probe = api.name}};
    const bool tells_pci = random_.below(4) != 0;
    const bool tells_uuid = random_.coin();
    for (std::size_t i = 0; i < visible.size(); ++i) {
      findings.devices.push_back(seen(visible[i], Device(api.type, static_cast<int>(i)), tells_pci, tells_uuid));
      findings.devices.back().apis = {{api.name, std::to_string(i)}};
    }
    return findings;
  }

  /// An engine may leave cards out. It tells an index in the API only where it is the API's own.
  void add_backend(FakeEngine& engine, const Api& api, std::vector<Card> visible) {
    const bool has_own_order = api.type == DeviceType::vulkan || api.type == DeviceType::xpu || random_.below(4) == 0;
    const bool tells_pci = random_.coin();
    std::vector<std::pair<Card, std::size_t>> listed;
    for (std::size_t i = 0; i < visible.size(); ++i)
      if (random_.below(4) != 0) listed.emplace_back(visible[i], i);
    if (has_own_order) shuffle(listed);
    for (std::size_t i = 0; i < listed.size(); ++i) {
      const auto& [card, index] = listed[i];
      const auto number = has_own_order ? i : index;
      auto info = seen(card, Device(api.type, static_cast<int>(number)), tells_pci, false);
      info.engines = {{engine.name, api.backend + std::to_string(number)}};
      if (!has_own_order) info.apis = {{api.name, std::to_string(index)}};
      engine.devices.push_back(std::move(info));
    }
  }

  discovery::Findings sightings() {
    discovery::Findings findings{.report = {.probe = "nvml"}};
    for (const auto& card : cards_)
      if (random_.coin()) findings.sightings.push_back(seen(card, Device::cpu(), random_.coin(), true));
    return findings;
  }

  Random random_;
  std::vector<Card> cards_;
};

}  // namespace berth::test
