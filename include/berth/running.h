/// Models that run on this machine for this user, in any process, and the memory that is kept for them.
///
///     for (const auto& model : running_models())
///       std::cout << model.pid << ' ' << model.path << '\n';
///     const auto running = running_models();  // before the look: what loads meanwhile counts twice, not never
///     auto plan = make_plan(profile, without_reserved(discover(), running));
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "berth/inventory.h"
#include "berth/placement.h"
#include "berth/value.h"

namespace berth {

/// A model that a process of this user has loaded, or is loading.
struct RunningModel {
  int pid = 0;
  std::string program = {};         ///< as the kernel calls it, without arguments
  std::filesystem::path path = {};  ///< of the model
  std::vector<DeviceUse> held =
      {};  ///< bytes that it takes at this moment; mapped weights of the CPU are not among them
  std::vector<DeviceUse> kept = {};  ///< bytes that are kept for it besides, by what its plan says
  std::int64_t since = 0;            ///< seconds since 1970
  int owner = 0;                     ///< the process whose model it is, where that is not `pid`: `isolation: process`

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static RunningModel from_dict(const Value& dict);

  bool operator==(const RunningModel&) const = default;
};

/// By pid. What ended without a word does not count. The list is kept in a folder that only this user may enter:
/// BERTH_RUN_DIR, else XDG_RUNTIME_DIR/berth, else berth-UID in the temporary folder. Throws nothing: where there is no such
/// folder, nothing is known to run.
std::vector<RunningModel> running_models();

/// `machine` with less free memory, by what is kept for models. Devices are known by their keys, and pools by their ids. Of
/// a simulated machine, which is this process's own, the models that it owns count, with all that they hold.
Inventory without_reserved(Inventory machine, const std::vector<RunningModel>& models);

}  // namespace berth
