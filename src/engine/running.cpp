#include "berth/running.h"

#include <algorithm>
#include <map>

#include "berth/simulated.h"
#include "engine/run_folder.h"
#include "plan/plan_fields.h"

namespace berth {
namespace structs {

template <>
struct FieldsOf<RunningModel> {
  using M = RunningModel;
  static constexpr std::tuple all = {required("pid", &M::pid),   field("program", &M::program),
                                     required("path", &M::path), required("held", &M::held),
                                     required("kept", &M::kept), required("since", &M::since)};
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
  for (const auto& model : models)
    for (const auto& use : model.kept) {
      // Devices of simulated machines are each process's own.
      if (is_simulated(use.key)) continue;
      for (auto& info : machine.devices) {
        if (!is_of(info, use)) continue;
        take(info.free_bytes, use.total());
        const auto pool = std::ranges::find(machine.pools, info.pool, &MemoryPool::id);
        if (pool != machine.pools.end()) take(pool->free_bytes, use.total());
      }
    }
  return machine;
}

}  // namespace berth
