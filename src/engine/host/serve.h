/// What the program berth-engine-host does: one model, for one process that starts it.
#pragma once

#include <string_view>

#include "text/descriptor.h"

namespace berth::host {

/// Answers what comes on `socket` by the engine of that name, and ends the process when the other end is closed: whatever
/// it computes then, nobody waits for it. The first request loads the model. Returns the status to exit with.
int serve(std::string_view engine_name, Descriptor socket);

}  // namespace berth::host
