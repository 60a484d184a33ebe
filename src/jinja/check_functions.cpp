#include "jinja/check_functions.h"

#include <fmt/format.h>

namespace berth::jinja {
namespace {

/// `soft`: within an if.
void check(const Expr* expr, bool soft);

void check(const CallArguments* arguments, bool soft) {
  if (arguments == nullptr) return;
  for (const auto& value : arguments->positional) check(value.get(), soft);
  for (const auto& [name, value] : arguments->named) check(value.get(), soft);
  check(arguments->more_positional.get(), soft);
  check(arguments->more_named.get(), soft);
}

void check(const Expr* expr, bool soft) {
  if (expr == nullptr) return;
  const bool is_filter = expr->kind == Expr::Kind::filter;
  if ((is_filter || expr->kind == Expr::Kind::test) && expr->function == nullptr && !soft)
    throw Failure(Failure::Kind::syntax, fmt::format("No {} named '{}'.", is_filter ? "filter" : "test", expr->text),
                  expr->place);
  const bool inner = soft || expr->kind == Expr::Kind::conditional;
  for (const auto& part : expr->parts) check(part.get(), inner);
  check(expr->arguments.get(), inner);
}

/// `top`: not within a loop, a macro or anything else that has variables of its own.
void check(const Body& body, bool soft, bool top) {
  using Kind = Stmt::Kind;
  for (const auto& stmt : body) {
    const bool is_if = stmt->kind == Kind::if_else;
    const bool is_apart =
        stmt->kind == Kind::filter_block || stmt->kind == Kind::set_block || stmt->kind == Kind::autoescape;
    if (stmt->kind == Kind::load && stmt->text == "extends" && !top)
      throw Failure(Failure::Kind::syntax, "cannot use extend from a non top-level scope", stmt->place);
    check(stmt->target.get(), soft);
    check(stmt->expr.get(), soft && !is_apart);
    check(stmt->test.get(), false);
    check(stmt->arguments.get(), soft);
    for (const auto& [target, value] : stmt->pairs) check(value.get(), soft);
    for (const auto& branch : stmt->branches) {
      check(branch.test.get(), true);
      check(branch.body, true, top);
    }
    if (stmt->signature)
      for (const auto& value : stmt->signature->defaults) check(value.get(), false);
    check(stmt->body, false, false);
    check(stmt->other, is_if, is_if && top);
  }
}

}  // namespace

void check_functions(const Body& body) { check(body, false, true); }

}  // namespace berth::jinja
