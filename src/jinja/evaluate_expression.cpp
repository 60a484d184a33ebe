#include <fmt/format.h>

#include <algorithm>

#include "jinja/attributes.h"
#include "jinja/evaluator.h"
#include "jinja/evaluator_objects.h"
#include "jinja/folded.h"
#include "jinja/objects.h"
#include "jinja/operators.h"
#include "jinja/restored.h"

namespace berth::jinja {

Any Evaluator::evaluate(const Expr& expr, Scope& scope) {
  run_.count_steps(1);
  if (expr.kind == Expr::Kind::constant) return expr.value;
  if (expr.kind == Expr::Kind::name) return variable(expr.name, scope);
  const DeeperNode deeper(run_);
  try {
    return evaluate_kind(expr, scope);
  } catch (Failure& failure) {
    if (failure.place.line == 0) failure.place = expr.place;
    throw;
  }
}

Any Evaluator::evaluate_kind(const Expr& expr, Scope& scope) {
  const auto part = [&](std::size_t i) { return evaluate(*expr.parts[i], scope); };
  switch (expr.kind) {
    case Expr::Kind::constant:
    case Expr::Kind::name:
    case Expr::Kind::namespace_ref:
      break;
    case Expr::Kind::tuple:
    case Expr::Kind::list: {
      auto* items = run_.list();
      items->items.reserve(expr.parts.size());
      for (const auto& each : expr.parts) items->items.push_back(evaluate(*each, scope));
      return expr.kind == Expr::Kind::list ? Any::list(items) : Any::tuple(items);
    }
    case Expr::Kind::dict:
      return evaluate_dict(expr, scope);
    case Expr::Kind::negative:
      return negative(run_, part(0));
    case Expr::Kind::positive:
      return positive(run_, part(0));
    case Expr::Kind::logical_not:
      return !truth(run_, part(0));
    case Expr::Kind::logical_and: {
      const auto left = part(0);
      return truth(run_, left) ? part(1) : left;
    }
    case Expr::Kind::logical_or: {
      const auto left = part(0);
      return truth(run_, left) ? left : part(1);
    }
    case Expr::Kind::arithmetic:
      return evaluate_arithmetic(expr, scope);
    case Expr::Kind::comparison:
      return evaluate_comparison(expr, scope);
    case Expr::Kind::concatenation:
      return evaluate_concatenation(expr, scope);
    case Expr::Kind::conditional:
      if (truth(run_, part(0))) return part(1);
      if (expr.parts[2]) return part(2);
      return run_.undefined("an inline if-expression evaluated to false and no else section was defined.");
    case Expr::Kind::attribute:
      return get_attribute(run_, part(0), expr.text);
    case Expr::Kind::item: {
      const auto object = part(0);
      return get_item(run_, object, part(1));
    }
    case Expr::Kind::slice:
      return evaluate_slice(expr, scope);
    case Expr::Kind::call:
      return evaluate_call(expr, scope);
    case Expr::Kind::filter:
    case Expr::Kind::test:
      return evaluate_function(expr, scope, nullptr);
  }
  return {};
}

/// What is printed. Of literals jinja2 takes what they give when it compiles, where slices of a number are undefined.
Any Evaluator::evaluate_printed(const Expr& expr, Scope& scope) {
  try {
    return evaluate(expr, scope);
  } catch (const Failure& failure) {
    if (failure.kind != Failure::Kind::type || !is_folded(expr)) throw;
  }
  const Restored folds(folds_, true);
  return evaluate(expr, scope);
}

Any Evaluator::evaluate_arithmetic(const Expr& expr, Scope& scope) {
  const auto left = evaluate(*expr.parts[0], scope);
  const auto right = evaluate(*expr.parts[1], scope);
  if (expr.ops[0] == Op::power && is_negative_number(left) && is_folded(*expr.parts[0]) && !is_folded(*expr.parts[1]))
    return negative(run_, arithmetic(run_, Op::power, negative(run_, left), right));  // Python reads -7 ** x so
  return arithmetic(run_, expr.ops[0], left, right);
}

Any Evaluator::evaluate_slice(const Expr& expr, Scope& scope) {
  const auto object = evaluate(*expr.parts[0], scope);
  const auto start = optional(expr.parts[1], scope);
  const auto stop = optional(expr.parts[2], scope);
  const auto step = optional(expr.parts[3], scope);
  const bool has_slices = object.is_string() || object.is_sequence() || object.is_undefined();
  if (!has_slices && folds_) return run_.undefined(fmt::format("{} has no slices", type_name(object)));
  return get_slice(run_, object, start, stop, step);
}

Any Evaluator::evaluate_comparison(const Expr& expr, Scope& scope) {
  auto left = evaluate(*expr.parts[0], scope);
  bool holds = true;
  for (std::size_t i = 0; holds && i < expr.ops.size(); ++i) {
    const auto right = evaluate(*expr.parts[i + 1], scope);
    holds = compare(run_, expr.ops[i], left, right);
    left = right;
  }
  return holds;
}

Any Evaluator::evaluate_concatenation(const Expr& expr, Scope& scope) {
  std::vector<Any> values;
  values.reserve(expr.parts.size());
  for (const auto& part : expr.parts) values.push_back(evaluate(*part, scope));
  const bool markup = run_.autoescape && std::ranges::any_of(values, [](const Any& value) {
                        return value.is_string() && value.string().markup;
                      });
  TextBuilder text(run_);
  for (const auto& value : values)
    if (markup)
      text.append(escaped_text(run_, value).string());
    else
      write_str(text, value);
  return text.finish(markup);
}

Any Evaluator::evaluate_dict(const Expr& expr, Scope& scope) {
  auto* dict = run_.dict();
  for (std::size_t i = 0; i < expr.parts.size(); i += 2) {
    const auto key = evaluate(*expr.parts[i], scope);
    dict->set(run_, key, evaluate(*expr.parts[i + 1], scope));
  }
  return dict;
}

Any Evaluator::evaluate_call(const Expr& expr, Scope& scope, const Any* caller) {
  const auto callee = evaluate(*expr.parts[0], scope);
  auto arguments = arguments_of(expr.arguments.get(), scope);
  if (caller != nullptr) {
    for (const auto& [name, value] : arguments.named)
      if (name == "caller") type_error("a call block is given a caller of its own");
    arguments.named.emplace_back("caller", *caller);
  }
  return call_value(run_, callee, arguments);
}

Any Evaluator::evaluate_function(const Expr& expr, Scope& scope, const Any* block) {
  // The innermost filter of a block has nothing before it: it is applied to what the block makes.
  const auto& inner = expr.parts.front();
  const Any value = inner == nullptr                                        ? *block
                    : block == nullptr || inner->kind != Expr::Kind::filter ? evaluate(*inner, scope)
                                                                            : evaluate_function(*inner, scope, block);
  auto arguments = arguments_of(expr.arguments.get(), scope);
  if (expr.function == nullptr) {
    Failure failure(
        Failure::Kind::other,
        fmt::format("No {} named '{}' found.", expr.kind == Expr::Kind::filter ? "filter" : "test", expr.text),
        expr.place);
    throw failure;
  }
  return call(run_, *expr.function, value, arguments);
}

Arguments Evaluator::arguments_of(const CallArguments* given, Scope& scope) {
  Arguments arguments;
  if (given == nullptr) return arguments;
  arguments.positional.reserve(given->positional.size());
  for (const auto& value : given->positional) arguments.positional.push_back(evaluate(*value, scope));
  if (given->more_positional) {
    const auto more = evaluate(*given->more_positional, scope);
    if (!is_iterable(run_, more)) type_error(fmt::format("Value after * must be an iterable, not {}", type_name(more)));
    const auto* items = list_of(run_, more);
    arguments.positional.insert(arguments.positional.end(), items->items.begin(), items->items.end());
  }
  for (const auto& [name, value] : given->named) arguments.named.emplace_back(name, evaluate(*value, scope));
  if (given->more_named) {
    const auto more = evaluate(*given->more_named, scope);
    if (!more.is(Type::dict)) type_error(fmt::format("argument after ** must be a mapping, not {}", type_name(more)));
    for (const auto& entry : more.dict().entries()) {
      if (!entry.key.is_string()) type_error("keywords must be strings");
      const auto name = entry.key.string().bytes;
      if (std::ranges::find(arguments.named, name, &std::pair<std::string_view, Any>::first) != arguments.named.end())
        type_error(fmt::format("got multiple values for keyword argument '{}'", name));
      arguments.named.emplace_back(name, entry.value);
    }
  }
  return arguments;
}

NameId Evaluator::outside_id(std::string_view name) const {
  // The parser knows each name that is read.
  return static_cast<NameId>(std::ranges::find(ast_.names, name) - ast_.names.begin());
}

Any Evaluator::variable(NameId name, Scope& scope) {
  const auto found = scope.find(name);
  if (found.is_hidden) return run_.undefined_name(ast_.names[name]);
  return found.value == nullptr ? outside(name) : *found.value;
}

Any Evaluator::outside(NameId id) {
  auto& known = outside_[id];
  if (known) return *known;
  static const auto globals = table_of({global_functions});
  static const auto chat_globals = table_of({global_functions, chat_functions});
  const auto& name = ast_.names[id];
  if (name == "self") {
    known = run_.heap.make<SelfObject>(ast_);
  } else if (const auto* given = given_.find(name)) {
    known = from_value(run_, *given);
  } else if (const auto* function = find_function(run_.environment.chat ? chat_globals : globals, name)) {
    known = run_.heap.make<GlobalFunction>(*function);
  } else {
    known = run_.undefined_name(name);
  }
  return *known;
}

}  // namespace berth::jinja
