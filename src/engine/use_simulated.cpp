#include <stdexcept>

#include "berth/error.h"
#include "berth/simulated.h"
#include "engine/simulated_here.h"
#include "inventory/simulated_uuid.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/llama/simulated_devices.h"
#endif

namespace berth {

void use_simulated(const Inventory& machine) {
  if (machine.origin != InventoryOrigin::simulated)
    throw std::invalid_argument("Only a machine that simulate() made can be simulated; this one is, or was, a real one");
#ifdef BERTH_WITH_LLAMA
  llama::set_simulated_machine(machine);
#else
  throw EngineError("", "", "this Berth was built without an engine, so nothing runs on a simulated machine");
#endif
}

std::optional<Inventory> simulated_here() {
#ifdef BERTH_WITH_LLAMA
  return llama::simulated_machine();
#else
  return std::nullopt;
#endif
}

bool is_simulated(const DeviceKey& key) { return key.uuid.starts_with(simulated_uuid_prefix); }

}  // namespace berth
