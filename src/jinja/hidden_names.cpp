#include "jinja/hidden_names.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace berth::jinja {
namespace {

/// The names of a scope: as jinja2.idtracking.Symbols.
class Symbols {
 public:
  enum class Origin : std::uint8_t { from_outside, unset };

  explicit Symbols(const Symbols* outer) : outer_(outer) {}
  /// What a branch of {% if %} adds to `around`.
  static Symbols branch_of(const Symbols& around) {
    Symbols branch(around.outer_);
    branch.around_ = &around;
    return branch;
  }

  void load(NameId name) {
    if (!knows(name)) origins_.emplace(name, Origin::from_outside);
  }
  void store(NameId name) {
    stores_.insert(name);
    if (is_here(name)) return;
    origins_.emplace(name, outer_ != nullptr && outer_->knows(name) ? Origin::from_outside : Origin::unset);
  }
  void declare(NameId name) { origins_[name] = Origin::from_outside; }

  /// A name that not each of the branches sets has before them the value that it has outside.
  void merge(const std::array<Symbols, 3>& branches) {
    std::map<NameId, std::size_t> counts;
    for (const auto& branch : branches)
      for (const auto name : branch.stores_)
        if (!stores(name)) ++counts[name];
    for (const auto& branch : branches) {
      for (const auto& [name, origin] : branch.origins_) origins_[name] = origin;
      stores_.insert(branch.stores_.begin(), branch.stores_.end());
    }
    for (const auto& [name, count] : counts)
      if (count < branches.size()) origins_[name] = Origin::from_outside;
  }

  std::vector<NameId> unset() const {
    std::vector<NameId> names;
    for (const auto& [name, origin] : origins_)
      if (origin == Origin::unset) names.push_back(name);
    return names;
  }

 private:
  bool is_here(NameId name) const { return origins_.contains(name) || (around_ != nullptr && around_->is_here(name)); }
  bool knows(NameId name) const { return is_here(name) || (outer_ != nullptr && outer_->knows(name)); }
  bool stores(NameId name) const { return stores_.contains(name) || (around_ != nullptr && around_->stores(name)); }

  const Symbols* outer_;
  const Symbols* around_ = nullptr;
  std::map<NameId, Origin> origins_;
  std::set<NameId> stores_;
};

// What the statements of a scope read and set themselves, not those of scopes within it.

void load(const Expr* expr, Symbols& symbols);

void load(const CallArguments* arguments, Symbols& symbols) {
  if (arguments == nullptr) return;
  for (const auto& value : arguments->positional) load(value.get(), symbols);
  for (const auto& [name, value] : arguments->named) load(value.get(), symbols);
  load(arguments->more_positional.get(), symbols);
  load(arguments->more_named.get(), symbols);
}

void load(const Expr* expr, Symbols& symbols) {
  if (expr == nullptr) return;
  if (expr->kind == Expr::Kind::name || expr->kind == Expr::Kind::namespace_ref) symbols.load(expr->name);
  for (const auto& part : expr->parts) load(part.get(), symbols);
  load(expr->arguments.get(), symbols);
}

void store(const Expr& target, Symbols& symbols) {
  if (target.kind == Expr::Kind::name) symbols.store(target.name);
  if (target.kind == Expr::Kind::namespace_ref) symbols.load(target.name);
  for (const auto& part : target.parts) store(*part, symbols);
}

void declare(const Expr& target, Symbols& symbols) {
  if (target.kind == Expr::Kind::name) symbols.declare(target.name);
  for (const auto& part : target.parts) declare(*part, symbols);
}

void visit(const Body& body, Symbols& symbols);

void visit_branches(const Stmt& stmt, Symbols& symbols) {
  load(stmt.branches.front().test.get(), symbols);
  std::array<Symbols, 3> all = {Symbols::branch_of(symbols), Symbols::branch_of(symbols), Symbols::branch_of(symbols)};
  auto& [first, others, last] = all;
  visit(stmt.branches.front().body, first);
  for (std::size_t i = 1; i < stmt.branches.size(); ++i) {
    load(stmt.branches[i].test.get(), others);
    std::array<Symbols, 3> alone = {Symbols::branch_of(others), Symbols::branch_of(others), Symbols::branch_of(others)};
    visit(stmt.branches[i].body, alone[0]);
    others.merge(alone);
  }
  visit(stmt.other, last);
  symbols.merge(all);
}

void visit(const Stmt& stmt, Symbols& symbols) {
  switch (stmt.kind) {
    case Stmt::Kind::if_else:
      return visit_branches(stmt, symbols);
    case Stmt::Kind::set:
      load(stmt.expr.get(), symbols);
      return store(*stmt.target, symbols);
    case Stmt::Kind::set_block:
      return store(*stmt.target, symbols);
    case Stmt::Kind::macro:
      return symbols.store(stmt.name);
    case Stmt::Kind::with:
      for (const auto& [target, value] : stmt.pairs) load(value.get(), symbols);
      return;
    case Stmt::Kind::autoescape:
      return;
    default:
      load(stmt.expr.get(), symbols);
      load(stmt.arguments.get(), symbols);
  }
}

void visit(const Body& body, Symbols& symbols) {
  for (const auto& stmt : body) visit(*stmt, symbols);
}

// The scopes within a scope.

void enter_scopes(const Body& body, const Symbols& around);

std::vector<NameId> unset_in(const Body& body, Symbols& symbols) {
  visit(body, symbols);
  enter_scopes(body, symbols);
  return symbols.unset();
}

void enter(Stmt& stmt, const Symbols& around) {
  Symbols inside(stmt.kind == Stmt::Kind::block ? nullptr : &around);
  switch (stmt.kind) {
    case Stmt::Kind::if_else:
      for (const auto& branch : stmt.branches) enter_scopes(branch.body, around);
      return enter_scopes(stmt.other, around);
    case Stmt::Kind::for_loop: {
      Symbols other(&around);
      stmt.hidden_in_other = unset_in(stmt.other, other);
      declare(*stmt.target, inside);
      break;
    }
    case Stmt::Kind::with:
      for (const auto& [target, value] : stmt.pairs) declare(*target, inside);
      break;
    case Stmt::Kind::macro:
    case Stmt::Kind::call_block:
      for (const auto parameter : stmt.signature->parameters) inside.declare(parameter);
      for (const auto& value : stmt.signature->defaults) load(value.get(), inside);
      break;
    case Stmt::Kind::autoescape:
      load(stmt.expr.get(), inside);
      break;
    default:
      break;
  }
  stmt.hidden = unset_in(stmt.body, inside);
}

void enter_scopes(const Body& body, const Symbols& around) {
  for (const auto& stmt : body) enter(*stmt, around);
}

}  // namespace

void find_hidden_names(Ast& ast) {
  Symbols symbols(nullptr);
  ast.hidden = unset_in(ast.body, symbols);
}

}  // namespace berth::jinja
