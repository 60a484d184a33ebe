/// What a process of an engine is asked first.
#pragma once

#include <vector>

#include "berth/device_key.h"
#include "berth/engine.h"
#include "berth/ordered_map.h"
#include "berth/running.h"
#include "berth/value.h"
#include "engine/host/host_process.h"

namespace berth::host {

/// Asks for the end of what the other end does. Never throws: where that is gone, nothing is done any more.
void tell_cancel(Connection& connection);

/// The simulated machine, where one of `keys` is a device of it, without what `others` take of it; else null.
Value simulated_for(const OrderedMap<DeviceKey>& keys, const std::vector<RunningModel>& others = {});

/// Has `request` loaded there, `kind` being `load` or `load_encoder`, and answers what is told of the model. Throws as
/// Engine::load().
Value load_there(HostProcess& process, Kind kind, const Value& request, const OrderedMap<DeviceKey>& keys,
                 const LoadContext& context);

}  // namespace berth::host
