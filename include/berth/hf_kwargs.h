/// Keyword arguments of Hugging Face models and pipelines, as Haystack's components put them together.
///
/// A torch dtype, which Value cannot hold, is its name as a string: "torch.float16".
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "berth/device.h"
#include "berth/log.h"
#include "berth/value.h"

namespace berth {

/// `kwargs` with what it lacks of "model", "token", "task", and "device" or "device_map". A given `task` wins over its
/// own. The device is added where neither key is there, not even as null: `device`, or the default of this machine.
/// A `device` that is overridden is told to `log`.
///
/// Haystack asks the model hub for the task where nobody gives one; here `task_of_model` is asked with the model.
/// Throws std::invalid_argument "Task 'X' is not supported. The supported tasks are: A, B."
Value::Object resolve_hf_pipeline_kwargs(Value::Object kwargs, const std::string& model,
                                         const std::optional<std::string>& task,
                                         std::span<const std::string> supported_tasks,
                                         const std::optional<ComponentDevice>& device,
                                         const std::optional<std::string>& token, const LogCallback& log = {},
                                         const std::function<std::string(const std::string&)>& task_of_model = {});

/// `model_kwargs` with a "device_map". Its own is kept unless that is null or empty; else it is made of `device`, or of
/// the default device of this machine. A `device` that is ignored is told to `log`.
Value::Object resolve_hf_device_map(const std::optional<ComponentDevice>& device, Value::Object model_kwargs,
                                    const LogCallback& log = {});

/// Makes the arguments fit for JSON. As dtypes are strings here, they are already: nothing is changed.
void serialize_hf_model_kwargs(Value::Object& kwargs);

/// Gives each name of a torch dtype, at any depth of objects, its canonical form: "torch.half" becomes
/// "torch.float16". Other strings stay.
void deserialize_hf_model_kwargs(Value::Object& kwargs);

}  // namespace berth
