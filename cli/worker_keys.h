/// The commands below `berth worker keys`.
#pragma once

#include "command.h"

namespace berth::cli {

void add_worker_keys(CLI::App& worker, Action& action);

}  // namespace berth::cli
