/// The variables that statements set.
#pragma once

#include <memory_resource>
#include <utility>
#include <vector>

#include "jinja/ast.h"

namespace berth::jinja {

class Scope {
 public:
  explicit Scope(Scope* outer, std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : outer_(outer), variables_(memory) {}

  /// The variable here or further out, or nullptr.
  const Any* find(NameId name) const {
    for (const auto* scope = this; scope != nullptr; scope = scope->outer_)
      for (const auto& [known, value] : scope->variables_)
        if (known == name) return &value;
    return nullptr;
  }

  /// Sets it here.
  void set(NameId name, const Any& value) {
    for (auto& [known, old] : variables_)
      if (known == name) {
        old = value;
        return;
      }
    variables_.emplace_back(name, value);
  }

  void clear() { variables_.clear(); }

 private:
  Scope* outer_;
  std::pmr::vector<std::pair<NameId, Any>> variables_;
};

}  // namespace berth::jinja
