/// The encoder of a component that Haystack builds on a pipeline of transformers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "berth/local_encoder.h"
#include "berth/log.h"
#include "berth/secret.h"
#include "berth/value.h"

namespace berth {

/// The arguments of the pipeline with what they lack of `model`, `task` and a device, as they are serialized:
/// `device` and `device_map` in them win, even as null, over `device`. Throws std::invalid_argument.
Value::Object resolved_pipeline_kwargs(Value::Object kwargs, const std::string& model, std::string_view task,
                                       std::optional<ComponentDevice> device, const LogCallback& log = {});

/// The encoder that resolved arguments name: `device_map` over `device`, and `torch_dtype`, also in their `model_kwargs`.
LocalEncoderParameters pipeline_encoder(const Value::Object& kwargs, const std::optional<Secret>& token,
                                        const LogCallback& log = {});

}  // namespace berth
