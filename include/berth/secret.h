/// A secret such as an access token. Serialized forms say where a secret comes from, and never hold the secret.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "berth/value.h"

namespace berth {

/// A variable of the environment that is needed and not set.
class MissingVariable : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Serialized forms and texts of errors are Haystack's (`haystack.utils.auth`). A regular value; it has no way to be
/// printed.
class Secret {
 public:
  /// The first of these environment variables that is set, read at each resolve_value().
  /// Throws std::invalid_argument where no name is given.
  static Secret from_env_var(std::vector<std::string> env_vars, bool strict = true);
  /// The value itself; cannot be serialized. Throws std::invalid_argument where it is empty.
  static Secret from_token(std::string token);

  /// Throws MissingVariable where the secret is strict and none of its variables is set.
  std::optional<std::string> resolve_value() const;

  /// {"type": "env_var", "env_vars": ["HF_TOKEN"], "strict": false}. Throws std::invalid_argument for a token.
  Value to_dict() const;
  /// From that form. Throws std::invalid_argument.
  static Secret from_dict(const Value& dict);

  bool operator==(const Secret&) const = default;

 private:
  struct Token {
    std::string value;
    bool operator==(const Token&) const = default;
  };
  struct EnvVar {
    std::vector<std::string> names;
    bool strict;
    bool operator==(const EnvVar&) const = default;
  };
  explicit Secret(std::variant<Token, EnvVar> source) : source_(std::move(source)) {}

  std::variant<Token, EnvVar> source_;
};

}  // namespace berth
