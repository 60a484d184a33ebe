/// The variables that statements set.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <span>
#include <utility>
#include <vector>

#include "jinja/ast.h"

namespace berth::jinja {

class Scope {
 public:
  /// `hidden` are names that have no value here until they are set; they outlive the scope.
  explicit Scope(Scope* outer, std::span<const NameId> hidden = {},
                 std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : outer_(outer), hidden_(hidden), variables_(memory) {}

  /// The scope of a {% block %}, for which nothing is hidden further out.
  void begin_block() { is_block_ = true; }

  struct Found {
    const Any* value;        ///< or nullptr
    bool is_hidden = false;  ///< it has no value, whatever was given to the template
  };
  /// The variable here or further out.
  Found find(NameId name) const {
    bool hides = true;
    for (const auto* scope = this; scope != nullptr; scope = scope->outer_) {
      for (const auto& [known, value] : scope->variables_)
        if (known == name) return {&value};
      if (hides && std::ranges::find(scope->hidden_, name) != scope->hidden_.end()) return {nullptr, true};
      hides = hides && !scope->is_block_;
    }
    return {nullptr};
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
  std::span<const NameId> hidden_;
  bool is_block_ = false;
  std::pmr::vector<std::pair<NameId, Any>> variables_;
};

}  // namespace berth::jinja
