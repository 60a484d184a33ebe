#include "berth/running.h"

#include <unistd.h>

#include <algorithm>

#include "engine/run_folder.h"
#include "plan/plan_fields.h"

namespace berth {
namespace structs {

template <>
struct FieldsOf<RunningModel> {
  using M = RunningModel;
  static constexpr std::tuple all = {
      required("pid", &M::pid),   field("program", &M::program), required("path", &M::path), required("held", &M::held),
      required("kept", &M::kept), required("since", &M::since),  field("owner", &M::owner)};
};

}  // namespace structs

namespace {

bool is_of(const DeviceInfo& info, const DeviceUse& use) {
  if (use.device.type() == DeviceType::cpu || info.device.type() == DeviceType::cpu) return use.device == info.device;
  const auto own = info.key();
  if (!own.endpoint.empty() || !use.key.endpoint.empty())
    return own.endpoint == use.key.endpoint && own.number == use.key.number;
  if (!own.uuid.empty() && !use.key.uuid.empty()) return own.uuid == use.key.uuid;
  return !own.pci_id.empty() && own.pci_id == use.key.pci_id;
}

void take(std::uint64_t& free, std::uint64_t bytes) { free -= std::min(free, bytes); }

}  // namespace

Value RunningModel::to_dict() const { return structs::write(*this); }
RunningModel RunningModel::from_dict(const Value& dict) { return structs::read<RunningModel>(dict, {}); }

std::vector<RunningModel> running_models() {
  std::vector<RunningModel> models;
  const auto folder = run_folder();
  if (!folder) return models;
  for (const auto& text : texts_of_living(*folder)) try {
      models.push_back(RunningModel::from_dict(Value::from_json(text)));
    } catch (const std::exception&) {  // of another version, or not of Berth
    }
  std::ranges::sort(models, {}, [](const auto& model) { return std::pair(model.pid, model.since); });
  return models;
}

Inventory without_reserved(Inventory machine, const std::vector<RunningModel>& models) {
  const auto take_from_machine = [&](const std::vector<DeviceUse>& uses) {
    for (const auto& use : uses)
      for (auto& info : machine.devices) {
        if (!is_of(info, use)) continue;
        take(info.free_bytes, use.total());
        const auto pool = std::ranges::find(machine.pools, info.pool, &MemoryPool::id);
        if (pool != machine.pools.end()) take(pool->free_bytes, use.total());
      }
  };
  // A simulated machine is its process's own, and what is free on it is what its text says, however much is held.
  const bool is_own = machine.origin == InventoryOrigin::simulated;
  for (const auto& model : models) {
    if (is_own && (model.owner == 0 ? model.pid : model.owner) != getpid()) continue;
    take_from_machine(model.kept);
    if (is_own) take_from_machine(model.held);
  }
  return machine;
}

}  // namespace berth
