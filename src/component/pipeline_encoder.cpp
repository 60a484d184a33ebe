#include "berth/pipeline_encoder.h"

#include <span>
#include <utility>

#include "berth/hf_kwargs.h"

namespace berth {

Value::Object resolved_pipeline_kwargs(Value::Object kwargs, const std::string& model, std::string_view task,
                                       std::optional<ComponentDevice> device, const LogCallback& log) {
  deserialize_hf_model_kwargs(kwargs);
  if (const Value* given = kwargs.find("device"); given != nullptr && *given == Value("auto")) kwargs.erase("device");
  if (!device && !kwargs.contains("device") && !kwargs.contains("device_map")) device = default_encoder_device();
  const std::string name(task);
  auto resolved =
      resolve_hf_pipeline_kwargs(std::move(kwargs), model, name, std::span(&name, 1), device, std::nullopt, log);
  resolved.erase("token");  // not needed before something is downloaded, and nothing is
  return resolved;
}

LocalEncoderParameters pipeline_encoder(const Value::Object& kwargs, const std::optional<Secret>& token,
                                        const LogCallback& log) {
  LocalEncoderParameters parameters{.token = token, .log = log};
  if (const Value* model = kwargs.find("model"); model != nullptr && model->is_string())
    parameters.model = model->as_string();
  if (const Value* revision = kwargs.find("revision"); revision != nullptr && revision->is_string())
    parameters.revision = revision->as_string();
  if (const Value* nested = kwargs.find("model_kwargs"); nested != nullptr && nested->is_object())
    parameters.model_kwargs = nested->as_object();
  for (const auto& [name, meaning] :
       {std::pair("device", "device_map"), std::pair("device_map", "device_map"), std::pair("dtype", "torch_dtype"),
        std::pair("torch_dtype", "torch_dtype"), std::pair("max_memory", "max_memory")})
    if (const Value* value = kwargs.find(name); value != nullptr && !value->is_null())
      parameters.model_kwargs.set(meaning, *value);
  return parameters;
}

}  // namespace berth
