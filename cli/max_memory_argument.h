/// Arguments of the form DEVICE=SIZE and PATTERN=DEVICE.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "berth/device_map_plan.h"

namespace berth::cli {

/// "cuda:0=10GiB" at its last "=". Throws WrongUse that names `option`, its `form` and `command`.
std::pair<std::string, std::string> at_equals(const std::string& text, const char* option, const char* form,
                                              const char* command);

/// Those of --max-memory DEVICE=SIZE. Throws std::invalid_argument.
std::vector<MemoryBudget> max_memory_budgets(const std::vector<std::string>& texts, const char* command);

}  // namespace berth::cli
