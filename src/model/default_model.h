/// The default model, which has a name of its own.
#pragma once

#include <string_view>

namespace berth::model {

/// Whether locate_model() takes `name` for the default model's: "smollm2".
bool is_default_model(std::string_view name);

}  // namespace berth::model
