/// What a model's header says, for people.
#pragma once

#include <string>

#include "berth/model.h"

namespace berth::cli {

/// Counts and sizes, layers by kind, tensors by role and type; within 80 columns.
std::string profile_text(const ModelProfile& profile);

}  // namespace berth::cli
