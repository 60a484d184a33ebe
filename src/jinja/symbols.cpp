#include "jinja/symbols.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

namespace berth::jinja {
namespace {

/// The names of a scope: as jinja2.idtracking.Symbols.
class Symbols {
 public:
  enum class Origin : std::uint8_t {
    given,      ///< to the template, or a function of its own
    outer,      ///< the scope around has it
    parameter,  ///< it is set where the scope begins
    unset
  };

  explicit Symbols(const Symbols* outer) : outer_(outer) {}
  /// What a branch of {% if %} adds to `around`.
  static Symbols branch_of(const Symbols& around) {
    Symbols branch(around.outer_);
    branch.around_ = &around;
    return branch;
  }

  void load(NameId name) {
    if (!knows(name)) origins_.emplace(name, Origin::given);
  }
  void store(NameId name) {
    stores_.insert(name);
    if (is_here(name)) return;
    origins_.emplace(name, is_outside(name) ? Origin::outer : Origin::unset);
  }
  void declare(NameId name) {
    stores_.insert(name);
    origins_[name] = Origin::parameter;
  }

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
      if (count < branches.size()) origins_[name] = is_outside(name) ? Origin::outer : Origin::given;
  }

  std::vector<NameId> from(Origin wanted) const {
    std::vector<NameId> names;
    for (const auto& [name, origin] : origins_)
      if (origin == wanted) names.push_back(name);
    return names;
  }

 private:
  bool is_here(NameId name) const { return origins_.contains(name) || (around_ != nullptr && around_->is_here(name)); }
  bool is_outside(NameId name) const { return outer_ != nullptr && outer_->knows(name); }
  bool knows(NameId name) const { return is_here(name) || is_outside(name); }
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
    case Stmt::Kind::load:
      load(stmt.expr.get(), symbols);
      for (const auto& [target, value] : stmt.pairs) store(*target, symbols);
      return;
    default:
      load(stmt.expr.get(), symbols);
      load(stmt.arguments.get(), symbols);
  }
}

void visit(const Body& body, Symbols& symbols) {
  for (const auto& stmt : body) visit(*stmt, symbols);
}

/// What jinja2 knows in each template.
constexpr std::array<std::string_view, 6> global_names = {"range", "dict", "lipsum", "joiner", "cycler", "namespace"};

/// Goes through the scopes of a template.
class Scopes {
 public:
  explicit Scopes(Ast& ast) : ast_(ast) {
    for (NameId id = 0; id < ast.names.size(); ++id) ids_.emplace(ast.names[id], id);
  }

  void resolve() {
    Symbols symbols(nullptr);
    declare("self", symbols);
    ast_.hidden = hidden_in(ast_.body, symbols);
    for (const auto name : given_) {
      const auto& text = ast_.names[name];
      if (!assigned_.contains(name) && std::ranges::find(global_names, text) == global_names.end())
        ast_.undeclared.push_back(text);
    }
  }

 private:
  std::vector<NameId> hidden_in(const Body& body, Symbols& symbols) {
    visit(body, symbols);
    enter(body, symbols);
    keep_given(symbols);
    return symbols.from(Symbols::Origin::unset);
  }

  void keep_given(const Symbols& symbols) {
    for (const auto name : symbols.from(Symbols::Origin::given)) given_.insert(name);
  }

  void enter(const Body& body, const Symbols& around) {
    for (const auto& stmt : body) enter(*stmt, around);
  }

  void enter(Stmt& stmt, const Symbols& around) {
    Symbols inside(stmt.kind == Stmt::Kind::block ? nullptr : &around);
    switch (stmt.kind) {
      case Stmt::Kind::if_else:
        for (const auto& branch : stmt.branches) enter(branch.body, around);
        return enter(stmt.other, around);
      case Stmt::Kind::set:
        return assign(*stmt.target);
      case Stmt::Kind::set_block:
        load(stmt.expr.get(), inside);
        break;
      case Stmt::Kind::for_loop:
        enter_loop(stmt, around, inside);
        break;
      case Stmt::Kind::with:
        for (const auto& [target, value] : stmt.pairs) jinja::declare(*target, inside);
        break;
      case Stmt::Kind::macro:
      case Stmt::Kind::call_block:
        enter_macro(*stmt.signature, inside);
        break;
      case Stmt::Kind::autoescape:
        load(stmt.expr.get(), inside);
        break;
      case Stmt::Kind::block:
        declare("self", inside);
        declare("super", inside);
        break;
      default:
        break;
    }
    stmt.hidden = hidden_in(stmt.body, inside);
  }

  /// The parts beside the body of a loop, which have scopes of their own.
  void enter_loop(Stmt& loop, const Symbols& around, Symbols& inside) {
    Symbols other(&around);
    loop.hidden_in_other = hidden_in(loop.other, other);
    Symbols test(&around);
    jinja::declare(*loop.target, test);
    load(loop.test.get(), test);
    keep_given(test);
    if (loop.uses_loop) declare("loop", inside);
    jinja::declare(*loop.target, inside);
  }

  void enter_macro(const MacroSignature& signature, Symbols& inside) {
    for (const auto parameter : signature.parameters) inside.declare(parameter);
    if (signature.takes_caller) declare("caller", inside);
    if (signature.takes_named) declare("kwargs", inside);
    if (signature.takes_positional) declare("varargs", inside);
    for (const auto& value : signature.defaults) load(value.get(), inside);
  }

  void declare(std::string_view text, Symbols& symbols) const {
    const auto found = ids_.find(text);
    if (found != ids_.end()) symbols.declare(found->second);
  }

  /// As Haystack looks at the target of {% set %}: a name, or those of a list.
  void assign(const Expr& target) {
    if (target.kind == Expr::Kind::name) assigned_.insert(target.name);
    for (const auto& part : target.parts)
      if (part->kind == Expr::Kind::name) assigned_.insert(part->name);
  }

  Ast& ast_;
  std::unordered_map<std::string_view, NameId> ids_;
  std::set<NameId> given_;  // in order of appearance, as ids are
  std::set<NameId> assigned_;
};

}  // namespace

void resolve_names(Ast& ast) { Scopes(ast).resolve(); }

}  // namespace berth::jinja
