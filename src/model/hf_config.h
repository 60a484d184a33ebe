/// What config.json, which lies beside a model of Hugging Face, says of it.
#pragma once

#include <filesystem>

#include "berth/model.h"

namespace berth::model {

/// Fills in what the config.json of `folder` says: architecture, sizes, layers. The tensors have to be there already;
/// they get their layers and roles. What neither says stays absent, and `notes` tell of it. Throws FormatError where
/// config.json is no JSON object.
void set_from_config(ModelProfile& profile, const std::filesystem::path& folder);

/// The same with the config at hand; null: there is none.
void set_from_config(ModelProfile& profile, const Value& config);

}  // namespace berth::model
