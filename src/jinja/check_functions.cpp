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

void check(const Body& body, bool soft) {
  for (const auto& stmt : body) {
    const bool is_if = stmt->kind == Stmt::Kind::if_else;
    check(stmt->target.get(), soft);
    check(stmt->expr.get(), soft);
    check(stmt->test.get(), false);
    check(stmt->arguments.get(), soft);
    for (const auto& [target, value] : stmt->pairs) check(value.get(), soft);
    for (const auto& branch : stmt->branches) {
      check(branch.test.get(), true);
      check(branch.body, true);
    }
    if (stmt->signature)
      for (const auto& value : stmt->signature->defaults) check(value.get(), false);
    check(stmt->body, false);
    check(stmt->other, is_if);
  }
}

}  // namespace

void check_functions(const Body& body) { check(body, false); }

}  // namespace berth::jinja
