#include "remote/chat_body.h"

#include <stdexcept>

namespace berth {

Value::Object strict_schema(Value::Object schema) {
  const auto strict = [](const Value& value) {
    return value.is_object() ? Value(strict_schema(value.as_object())) : value;
  };
  const Value* type = schema.find("type");
  const Value* properties = schema.find("properties");
  if (properties != nullptr || (type != nullptr && *type == Value("object"))) {
    if (properties != nullptr) {
      Value::Array required;
      for (const auto& [name, property] : properties->as_object()) required.push_back(name);
      schema.set("required", std::move(required));
    }
    schema.set("additionalProperties", false);
  }
  for (const auto* name : {"properties", "$defs"})
    if (const Value* schemas = schema.find(name))
      schema.set(name,
                 schemas->as_object().map_values([&](const std::string&, const Value& each) { return strict(each); }));
  for (const auto* name : {"anyOf", "oneOf", "allOf"})
    if (const Value* schemas = schema.find(name)) {
      auto array = schemas->as_array();
      for (auto& each : array) each = strict(each);
      schema.set(name, std::move(array));
    }
  if (const Value* items = schema.find("items")) schema.set("items", strict(*items));
  return schema;
}

Value::Object chat_body(const std::string& model, std::span<const ChatMessage> messages, const std::vector<Tool>& tools,
                        bool tools_strict, Value::Object generation_kwargs, bool stream) {
  if (const Value* n = generation_kwargs.find("n"); stream && n != nullptr && n->is_int() && n->as_int() > 1)
    throw std::invalid_argument("Cannot stream multiple responses, please set n=1.");

  Value::Array turns;
  for (const auto& message : messages) turns.push_back(message.to_openai());
  Value::Object body{{"model", model}, {"messages", std::move(turns)}};
  if (!tools.empty()) {
    Value::Array functions;
    for (const auto& tool : tools) {
      Value::Object function{{"name", tool.name}, {"description", tool.description}};
      function.set("parameters", tools_strict ? strict_schema(tool.parameters) : tool.parameters);
      if (tools_strict) function.set("strict", true);
      functions.push_back(Value::Object{{"type", "function"}, {"function", std::move(function)}});
    }
    body.set("tools", std::move(functions));
  }
  const auto add = [&](const Value::Object& more) {
    for (const auto& [name, value] : more) body.set(name, value);
  };
  Value::Object extra;
  if (const Value* given = generation_kwargs.find("extra_body"); given != nullptr && !given->is_null())
    extra = given->as_object();
  generation_kwargs.erase("extra_body");
  add(generation_kwargs);
  body.set("stream", stream);
  add(extra);
  return body;
}

}  // namespace berth
