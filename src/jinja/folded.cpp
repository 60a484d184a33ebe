#include "jinja/folded.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace berth::jinja {
namespace {

bool are_folded(const std::vector<ExprPtr>& parts) {
  return std::ranges::all_of(parts, [](const auto& part) { return part == nullptr || is_folded(*part); });
}

bool are_folded(const CallArguments* arguments) {
  if (arguments == nullptr) return true;
  return are_folded(arguments->positional) && arguments->more_positional == nullptr &&
         arguments->more_named == nullptr &&
         std::ranges::all_of(arguments->named, [](const auto& named) { return is_folded(*named.second); });
}

/// Filters that jinja2 gives the context of a rendering, so that it cannot compute them before.
bool takes_context(const Function& function) {
  static constexpr std::array<std::string_view, 6> names{"map", "random", "reject", "rejectattr", "select", "selectattr"};
  return std::ranges::find(names, function.name) != names.end();
}

}  // namespace

bool is_folded(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::name:
    case Expr::Kind::namespace_ref:
    case Expr::Kind::call:
      return false;
    case Expr::Kind::filter:
      if (expr.function != nullptr && takes_context(*expr.function)) return false;
      [[fallthrough]];
    case Expr::Kind::test:
      return expr.function != nullptr && are_folded(expr.parts) && are_folded(expr.arguments.get());
    default:
      return are_folded(expr.parts);
  }
}

bool is_negative_number(const Any& value) {
  if (value.is(Type::integer)) return value.integer() < 0;
  return value.is(Type::floating) && std::signbit(value.floating());
}

}  // namespace berth::jinja
