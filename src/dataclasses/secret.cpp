#include "berth/secret.h"

#include <cstdlib>
#include <stdexcept>

namespace berth {

Secret Secret::from_env_var(std::vector<std::string> env_vars, bool strict) {
  if (env_vars.empty())
    throw std::invalid_argument("One or more environment variables must be provided for the secret.");
  return Secret(EnvVar{std::move(env_vars), strict});
}

Secret Secret::from_token(std::string token) {
  if (token.empty()) throw std::invalid_argument("Authentication token cannot be empty.");
  return Secret(Token{std::move(token)});
}

std::optional<std::string> Secret::resolve_value() const {
  if (const auto* token = std::get_if<Token>(&source_)) return token->value;
  const auto& [names, strict] = std::get<EnvVar>(source_);
  std::string list;
  for (const auto& name : names) {
    if (const char* value = std::getenv(name.c_str())) return value;
    list += (list.empty() ? "'" : ", '") + name + "'";
  }
  if (!strict) return std::nullopt;
  if (names.size() == 1) list += ",";  // as Python writes a tuple of one
  throw MissingVariable("None of the following authentication environment variables are set: (" + list + ")");
}

Value Secret::to_dict() const {
  if (std::holds_alternative<Token>(source_))
    throw std::invalid_argument(
        "Cannot serialize token-based secret. Use an alternative secret type like environment variables.");
  const auto& [names, strict] = std::get<EnvVar>(source_);
  return Value::Object{{"type", "env_var"}, {"env_vars", Value::Array(names.begin(), names.end())}, {"strict", strict}};
}

Secret Secret::from_dict(const Value& dict) {
  const Value* type = dict.find("type");
  if (type == nullptr || !type->is_string()) throw std::invalid_argument("A serialized secret needs a 'type'");
  if (type->as_string() == "token")
    throw std::invalid_argument(
        "Cannot deserialize token-based secret. Use an alternative secret type like environment variables.");
  if (type->as_string() != "env_var") throw std::invalid_argument("Unknown secret type '" + type->as_string() + "'");

  const Value* env_vars = dict.find("env_vars");
  const Value* strict = dict.find("strict");
  if (env_vars == nullptr || strict == nullptr)
    throw std::invalid_argument("A serialized env_var secret needs 'env_vars' and 'strict'");
  std::vector<std::string> names;
  for (const auto& name : env_vars->as_array()) names.push_back(name.as_string());
  return from_env_var(std::move(names), strict->as_bool());
}

}  // namespace berth
