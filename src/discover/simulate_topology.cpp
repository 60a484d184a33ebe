#include "discover/simulate_topology.h"

#include <string>
#include <utility>

#include "berth/convert.h"
#include "discover/topology.h"

namespace berth::discovery {

Inventory simulate_topology(std::string_view topology) {
  const std::string text(topology);
  auto found =
      findings_of_topology((text.ends_with(".xml") ? topology_from_xml(text) : topology_from_description(text)).get());
  for (auto& info : found.devices) {
    info.name = "simulated " + info.name;
    info.engines = {{"llama.cpp", to_ggml(info.device)}};
  }
  Inventory inventory;
  inventory.devices = std::move(found.devices);
  inventory.pools = std::move(found.pools);
  inventory.links = std::move(found.links);
  return inventory;
}

}  // namespace berth::discovery
