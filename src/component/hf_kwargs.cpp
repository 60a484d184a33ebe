#include "berth/hf_kwargs.h"

#include <algorithm>
#include <stdexcept>

#include "berth/convert.h"
#include "device/torch_dtype.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

void set_default(Value::Object& kwargs, const std::string& name, Value value) {
  if (!kwargs.contains(name)) kwargs.set(name, std::move(value));
}

void warn(const LogCallback& log, const std::string& message) {
  if (log) log(LogLevel::warning, message);
}

/// What Python takes for false.
bool is_empty(const Value& value) {
  if (value.is_bool()) return !value.as_bool();
  if (value.is_number()) return value.as_double() == 0;
  if (value.is_string()) return value.as_string().empty();
  if (value.is_array()) return value.as_array().empty();
  if (value.is_object()) return value.as_object().empty();
  return true;
}

std::string joined(std::span<const std::string> texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

Value deserialized(const std::string&, const Value& value) {
  static constexpr std::string_view prefix = "torch.";
  if (value.is_object()) return value.as_object().map_values(deserialized);
  if (!value.is_string() || !value.as_string().starts_with(prefix)) return value;
  std::string_view name = value.as_string();
  name.remove_prefix(prefix.size());
  const auto dtype = canonical_torch_dtype(name.substr(0, name.find('.')));
  return dtype.empty() ? value : Value(std::string(prefix).append(dtype));
}

}  // namespace

Value::Object resolve_hf_pipeline_kwargs(Value::Object kwargs, const std::string& model,
                                         const std::optional<std::string>& task,
                                         std::span<const std::string> supported_tasks,
                                         const std::optional<ComponentDevice>& device,
                                         const std::optional<std::string>& token, const LogCallback& log,
                                         const std::function<std::string(const std::string&)>& task_of_model) {
  set_default(kwargs, "model", model);
  set_default(kwargs, "token", token ? Value(*token) : Value());

  if (!kwargs.contains("device") && !kwargs.contains("device_map"))
    update_hf_kwargs(ComponentDevice::resolve_device(device), kwargs, false);
  else if (device)
    warn(log, "The parameter `device` (" + device->str() +
                  ") is ignored: `huggingface_pipeline_kwargs` holds `device` or `device_map`.");

  Value chosen = task && !task->empty() ? Value(*task) : Value();
  if (chosen.is_null())
    if (const Value* given = kwargs.find("task")) chosen = *given;
  if (const Value& name = kwargs.at("model"); chosen.is_null() && name.is_string()) {
    if (!task_of_model)
      throw std::invalid_argument(
          "The task of model '" + printable(name.as_string()) +
          "' is not known, as the model hub is not asked: give `task`. The supported tasks are: " +
          joined(supported_tasks) + ".");
    chosen = task_of_model(name.as_string());
  }
  if (!chosen.is_string() || std::ranges::find(supported_tasks, chosen.as_string()) == supported_tasks.end())
    throw std::invalid_argument("Task '" + printable(python_str(chosen)) +
                                "' is not supported. The supported tasks are: " + joined(supported_tasks) + ".");
  kwargs.set("task", std::move(chosen));
  return kwargs;
}

Value::Object resolve_hf_device_map(const std::optional<ComponentDevice>& device, Value::Object model_kwargs,
                                    const LogCallback& log) {
  const Value* device_map = model_kwargs.find("device_map");
  if (device_map == nullptr || is_empty(*device_map)) {
    model_kwargs.set("device_map", to_hf(ComponentDevice::resolve_device(device)));
  } else if (device) {
    warn(log, "The parameter `device` (" + device->str() + ") is ignored: `model_kwargs` holds `device_map`.");
  }
  return model_kwargs;
}

void serialize_hf_model_kwargs(Value::Object&) {}

void deserialize_hf_model_kwargs(Value::Object& kwargs) { kwargs = kwargs.map_values(deserialized); }

}  // namespace berth
