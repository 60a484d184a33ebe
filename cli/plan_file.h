/// Plans that `berth plan --format json` or `yaml` wrote.
#pragma once

#include <string>

#include "berth/plan.h"

namespace berth::cli {

/// "-" is standard input. Throws std::runtime_error that names the file and what is wrong in it.
Plan read_plan(const std::string& path);

}  // namespace berth::cli
