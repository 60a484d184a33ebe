#include "jinja/undeclared.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string_view>

namespace berth::jinja {
namespace {

using Names = std::set<NameId>;

/// What jinja2 knows in each template.
constexpr std::array<std::string_view, 6> global_names = {"range", "dict", "lipsum", "joiner", "cycler", "namespace"};

class Search {
 public:
  explicit Search(const Ast& ast) : ast_(ast) {}

  std::vector<NameId> found;  // in order of appearance
  Names assigned;             // by {% set %}, anywhere

  void visit(const Body& body, Names& known) {
    for (const auto& stmt : body) visit(*stmt, known);
  }

 private:
  void visit_apart(const Body& body, Names known) { visit(body, known); }

  void visit(const Stmt& stmt, Names& known) {
    switch (stmt.kind) {
      case Stmt::Kind::if_else:
        return visit_branches(stmt, known);
      case Stmt::Kind::for_loop:
        return visit_loop(stmt, known);
      case Stmt::Kind::set:
      case Stmt::Kind::set_block:
        visit(stmt.expr.get(), known);
        visit_apart(stmt.body, known);
        if (stmt.target->kind == Expr::Kind::namespace_ref) use(stmt.target->name, known);
        declare(*stmt.target, known);
        if (stmt.kind == Stmt::Kind::set) declare(*stmt.target, assigned);
        return;
      case Stmt::Kind::macro:
        known.insert(stmt.name);
        return visit_function(stmt, known);
      case Stmt::Kind::call_block:
        visit(stmt.expr.get(), known);
        return visit_function(stmt, known);
      case Stmt::Kind::with: {
        auto inside = known;
        for (const auto& [target, value] : stmt.pairs) {
          visit(value.get(), known);
          declare(*target, inside);
        }
        return visit(stmt.body, inside);
      }
      case Stmt::Kind::load:
        visit(stmt.expr.get(), known);
        for (const auto& [target, value] : stmt.pairs) declare(*target, known);
        return;
      default:
        visit(stmt.expr.get(), known);
        visit_arguments(stmt.arguments.get(), known);
        return visit_apart(stmt.body, known);
    }
  }

  /// After it, what each of the cases sets is known.
  void visit_branches(const Stmt& stmt, Names& known) {
    std::vector<Names> ends;
    for (const auto& branch : stmt.branches) {
      visit(branch.test.get(), known);
      ends.push_back(known);
      visit(branch.body, ends.back());
    }
    auto all = known;
    visit(stmt.other, all);
    for (const auto& end : ends) {
      Names both;
      std::ranges::set_intersection(all, end, std::inserter(both, both.end()));
      all = std::move(both);
    }
    known = std::move(all);
  }

  void visit_loop(const Stmt& loop, const Names& known) {
    visit(loop.expr.get(), known);
    auto inside = known;
    declare(*loop.target, inside);
    visit(loop.test.get(), inside);
    insert("loop", inside);
    visit(loop.body, inside);
    visit_apart(loop.other, known);
  }

  void visit_function(const Stmt& stmt, const Names& known) {
    auto inside = known;
    for (const auto* special : {"caller", "varargs", "kwargs"}) insert(special, inside);
    for (const auto& value : stmt.signature->defaults) visit(value.get(), known);
    for (const auto parameter : stmt.signature->parameters) inside.insert(parameter);
    visit(stmt.body, inside);
  }

  void visit_arguments(const CallArguments* arguments, const Names& known) {
    if (arguments == nullptr) return;
    for (const auto& value : arguments->positional) visit(value.get(), known);
    for (const auto& [name, value] : arguments->named) visit(value.get(), known);
    visit(arguments->more_positional.get(), known);
    visit(arguments->more_named.get(), known);
  }

  void visit(const Expr* expr, const Names& known) {
    if (expr == nullptr) return;
    if (expr->kind == Expr::Kind::name) use(expr->name, known);
    for (const auto& part : expr->parts) visit(part.get(), known);
    visit_arguments(expr->arguments.get(), known);
  }

  void use(NameId name, const Names& known) {
    if (known.contains(name) || std::ranges::find(global_names, ast_.names[name]) != global_names.end()) return;
    if (std::ranges::find(found, name) == found.end()) found.push_back(name);
  }

  void insert(std::string_view name, Names& known) const {
    const auto id = std::ranges::find(ast_.names, name) - ast_.names.begin();
    known.insert(static_cast<NameId>(id));
  }

  /// The names that an assignment to `target` sets.
  static void declare(const Expr& target, Names& known) {
    if (target.kind == Expr::Kind::name) known.insert(target.name);
    for (const auto& part : target.parts) declare(*part, known);
  }

  const Ast& ast_;
};

}  // namespace

std::vector<std::string> undeclared_variables(const Ast& ast) {
  Search search(ast);
  Names known;
  search.visit(ast.body, known);
  std::vector<std::string> names;
  for (const auto name : search.found)
    if (!search.assigned.contains(name)) names.push_back(ast.names[name]);
  return names;
}

}  // namespace berth::jinja
