/// What is wrong with a machine, by what its probes saw.
#pragma once

#include <string>

#include "berth/inventory.h"

namespace berth::cli {

enum class State { ok, none, problem };

State state_of(const ProbeReport& report);

/// Its message, or its outcome where it has none, and its notes.
std::string text_of(const ProbeReport& report);

}  // namespace berth::cli
