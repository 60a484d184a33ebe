#include "jinja/evaluator.h"

#include <fmt/format.h>

#include <algorithm>

#include "jinja/attributes.h"
#include "jinja/evaluator_objects.h"
#include "jinja/folded.h"
#include "jinja/objects.h"
#include "jinja/operators.h"

namespace berth::jinja {
namespace {

/// Puts a value into a variable for as long as it lives.
template <class T>
class Restored {
 public:
  Restored(T& variable, T value) : variable_(variable), before_(std::exchange(variable, value)) {}
  ~Restored() { variable_ = before_; }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  T& variable_;
  T before_;
};

constexpr const char* nested_too_deeply = "what the template runs is nested too deeply";

class DeeperMacro : public Deeper {
 public:
  explicit DeeperMacro(Run& run)
      : Deeper(run.macro_depth, Limits::macro_depth, "macros call each other more than 20 deep") {}
};

}  // namespace

template <class Write>
Any Evaluator::captured(Write write) {
  TextBuilder text(run_);
  {
    const Restored<TextBuilder*> output(out_, &text);
    write();
  }
  return text.finish(run_.autoescape);
}

template <class Use>
auto Evaluator::in_scope(const Stmt& stmt, Scope& scope, Use use) {
  return in_scope(stmt, scope, stmt.hidden, use);
}

template <class Use>
auto Evaluator::in_scope(const Stmt& stmt, Scope& scope, std::span<const NameId> hidden, Use use) {
  const auto with = [&](Scope& inner) {
    if (stmt.kind == Stmt::Kind::block) inner.begin_block();
    return use(inner);
  };
  if (stmt.keeps_scope) return with(*run_.heap.make<Scope>(&scope, hidden, run_.heap.resource()));
  Scope inner(&scope, hidden);
  return with(inner);
}

Evaluator::Flow Evaluator::run(const Body& body, Scope& scope) {
  for (const auto& stmt : body)
    if (const auto flow = run(*stmt, scope); flow != Flow::normal) return flow;
  return Flow::normal;
}

Evaluator::Flow Evaluator::run(const Stmt& stmt, Scope& scope) {
  run_.count_steps(1);
  if (stmt.kind == Stmt::Kind::text) {
    out_->append(stmt.text);
    return Flow::normal;
  }
  const Deeper deeper(run_.node_depth, Limits::node_depth, nested_too_deeply);
  try {
    return run_inside(stmt, scope);
  } catch (Failure& failure) {
    if (failure.place.line == 0) failure.place = stmt.place;
    throw;
  }
}

Evaluator::Flow Evaluator::run_inside(const Stmt& stmt, Scope& scope) {
  auto flow = Flow::normal;
  switch (stmt.kind) {
    case Stmt::Kind::text:
      break;
    case Stmt::Kind::print:
      print(evaluate_printed(*stmt.expr, scope));
      break;
    case Stmt::Kind::if_else:
      for (const auto& branch : stmt.branches)
        if (truth(run_, evaluate(*branch.test, scope))) return run(branch.body, scope);
      return run(stmt.other, scope);
    case Stmt::Kind::for_loop:
      return run_loop(stmt, scope);
    case Stmt::Kind::set:
      check_namespaces(*stmt.target, scope);
      assign(*stmt.target, evaluate(*stmt.expr, scope), scope, scope);
      break;
    case Stmt::Kind::set_block:
      run_set_block(stmt, scope, flow);
      break;
    case Stmt::Kind::with:
      return in_scope(stmt, scope, [&](Scope& inner) {
        for (const auto& [target, value] : stmt.pairs) assign(*target, evaluate(*value, scope), inner, scope);
        return run(stmt.body, inner);
      });
    case Stmt::Kind::macro:
      scope.set(stmt.name, run_.heap.make<Macro>(stmt, scope));
      break;
    case Stmt::Kind::call_block: {
      const Any caller = run_.heap.make<Macro>(stmt, scope);
      print(evaluate_call(*stmt.expr, scope, &caller));
      break;
    }
    case Stmt::Kind::filter_block:
      run_filter_block(stmt, scope, flow);
      break;
    case Stmt::Kind::block:
      if (stmt.required) other_error(fmt::format("Required block '{}' not found", stmt.text));
      return in_scope(stmt, stmt.scoped ? scope : root_, [&](Scope& inner) { return run(stmt.body, inner); });
    case Stmt::Kind::autoescape: {
      const Restored<bool> escapes(run_.autoescape, truth(run_, evaluate(*stmt.expr, scope)));
      return in_scope(stmt, scope, [&](Scope& inner) { return run(stmt.body, inner); });
    }
    case Stmt::Kind::scope:
      return in_scope(stmt, scope, [&](Scope& inner) { return run(stmt.body, inner); });
    case Stmt::Kind::loop_break:
      return Flow::leave;
    case Stmt::Kind::loop_continue:
      return Flow::again;
    case Stmt::Kind::message:
      run_message(stmt, scope);
      break;
    case Stmt::Kind::load:
      run_load(stmt, scope);
      break;
  }
  return flow;
}

void Evaluator::print(const Any& value) {
  if (run_.autoescape)
    out_->append(escaped_text(run_, value).string());
  else
    write_str(*out_, value);
}

Evaluator::Flow Evaluator::run_loop(const Stmt& loop, Scope& scope) {
  return run_rounds(loop, scope, evaluate(*loop.expr, scope), 0);
}

Evaluator::Flow Evaluator::run_rounds(const Stmt& loop, Scope& scope, const Any& given, std::int64_t depth) {
  auto items = given;
  if (loop.test)
    items = run_.generator([this, &loop, &scope, all = iterate(run_, given)](Run& run, Any& out) {
      while (all->next(run, out)) {
        run.count_steps(1);
        Scope inner(&scope);
        assign(*loop.target, out, inner, scope);
        if (truth(run, evaluate(*loop.test, inner))) return true;
      }
      return false;
    });
  auto* object = loop.uses_loop ? run_.heap.make<LoopObject>(run_, loop, scope, items, depth) : nullptr;
  auto* iterator = object == nullptr ? iterate(run_, items) : nullptr;
  const auto loop_name = loop.uses_loop ? outside_id("loop") : NameId{};
  bool completed = false;  // a round, without leaving it in between
  Scope reused(&scope, loop.hidden);
  for (Any item; object != nullptr ? object->next(run_, item) : iterator->next(run_, item);) {
    run_.count_steps(1);
    reused.clear();
    auto& inner = loop.keeps_scope ? *run_.heap.make<Scope>(&scope, loop.hidden, run_.heap.resource()) : reused;
    if (object != nullptr) inner.set(loop_name, object);
    assign(*loop.target, item, inner, scope);
    const auto flow = run(loop.body, inner);
    if (flow == Flow::leave) break;
    completed = completed || flow == Flow::normal;
  }
  if (completed) return Flow::normal;
  return in_scope(loop, scope, loop.hidden_in_other, [&](Scope& inner) { return run(loop.other, inner); });
}

Any Evaluator::call_loop(const Stmt& loop, Scope& scope, const Any& items, std::int64_t depth) {
  const DeeperMacro deeper(run_);
  return captured([&] { (void)run_rounds(loop, scope, items, depth); });
}

void Evaluator::run_set_block(const Stmt& stmt, Scope& scope, Flow& flow) {
  const auto text =
      captured([&] { flow = in_scope(stmt, scope, [&](Scope& inner) { return run(stmt.body, inner); }); });
  if (flow != Flow::normal) return;
  assign(*stmt.target, stmt.expr ? evaluate_function(*stmt.expr, scope, &text) : text, scope, scope);
}

void Evaluator::run_filter_block(const Stmt& stmt, Scope& scope, Flow& flow) {
  const auto text =
      captured([&] { flow = in_scope(stmt, scope, [&](Scope& inner) { return run(stmt.body, inner); }); });
  if (flow != Flow::normal) return;
  const auto made = evaluate_function(*stmt.expr, scope, &text);
  if (!made.is_string()) type_error(fmt::format("sequence item 0: expected str instance, {} found", type_name(made)));
  out_->append(made.string());
}

void Evaluator::run_message(const Stmt& stmt, Scope& scope) {
  const auto arguments = arguments_of(stmt.arguments.get(), scope);
  const auto content =
      captured([&] { (void)in_scope(stmt, scope, [&](Scope& inner) { return run(stmt.body, inner); }); });
  on_message_(run_, arguments, content.string());
}

void Evaluator::run_load(const Stmt& stmt, Scope& scope) {
  const auto name = evaluate(*stmt.expr, scope);
  const bool is_list = stmt.text == "include" && !name.is_string() && !name.is_undefined();
  if (is_list && !truth(run_, name)) {
    if (stmt.ignores_missing) return;
    other_error("no template is named");
  }
  type_error("no loader for this environment specified: a template cannot take in another one here");
}

/// jinja2 asks before it evaluates what is set, but not where a block is.
void Evaluator::check_namespaces(const Expr& target, Scope& scope) {
  if (target.kind == Expr::Kind::namespace_ref && variable(target.name, scope).get_if<Namespace>() == nullptr)
    other_error("cannot assign attribute on non-namespace object");
  for (const auto& part : target.parts) check_namespaces(*part, scope);
}

void Evaluator::assign(const Expr& target, const Any& value, Scope& scope, Scope& from) {
  if (target.kind == Expr::Kind::name) return scope.set(target.name, value);
  if (target.kind == Expr::Kind::namespace_ref) {
    const auto owner = variable(target.name, from);
    if (auto* space = owner.get_if<Namespace>()) return space->set(run_, target.text, value);
    if (owner.is(Type::dict)) return owner.dict().set(run_, run_.view(target.text), value);
    type_error(fmt::format("'{}' object does not support item assignment", type_name(owner)));
  }
  if (!is_iterable(run_, value)) type_error(fmt::format("cannot unpack non-iterable {} object", type_name(value)));
  const auto expected = target.parts.size();
  std::vector<Any> values;
  for_each(run_, value, [&](const Any& item) {
    values.push_back(item);
    return values.size() <= expected;
  });
  if (values.size() > expected) value_error(fmt::format("too many values to unpack (expected {})", expected));
  if (values.size() < expected)
    value_error(fmt::format("not enough values to unpack (expected {}, got {})", expected, values.size()));
  for (std::size_t i = 0; i < expected; ++i) assign(*target.parts[i], values[i], scope, from);
}

Any Evaluator::call_macro(const Stmt& macro, Scope& scope, Arguments& arguments) {
  const DeeperMacro deeper(run_);
  const auto& signature = *macro.signature;
  const auto count = signature.parameters.size();
  std::vector<std::optional<Any>> values(count);
  for (std::size_t i = 0; i < count && i < arguments.positional.size(); ++i) values[i] = arguments.positional[i];
  const auto take_named = [&](std::string_view name) {
    std::optional<Any> taken;
    const auto found = std::ranges::find(arguments.named, name, &std::pair<std::string_view, Any>::first);
    if (found != arguments.named.end()) {
      taken = found->second;
      arguments.named.erase(found);
    }
    return taken;
  };
  for (auto i = arguments.positional.size(); i < count; ++i)
    values[i] = take_named(ast_.names[signature.parameters[i]]);
  return in_scope(macro, scope, [&](Scope& inner) {
    if (signature.takes_caller) {
      const auto caller = take_named("caller");
      inner.set(outside_id("caller"), caller && !caller->is_none() ? *caller : run_.undefined("No caller defined"));
    }
    if (signature.takes_named) {
      auto* rest = run_.dict();
      for (const auto& [name, value] : arguments.named) rest->set(run_, run_.view(name), value);
      inner.set(outside_id("kwargs"), rest);
    } else if (!arguments.named.empty()) {
      const auto name = arguments.named.front().first;
      type_error(
          name == "caller"
              ? fmt::format("macro '{}' was invoked with two values for the special caller argument", signature.name)
              : fmt::format("macro '{}' takes no keyword argument '{}'", signature.name, name));
    }
    if (signature.takes_positional) {
      auto* rest = run_.list();
      if (arguments.positional.size() > count)
        rest->items.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(count),
                           arguments.positional.end());
      inner.set(outside_id("varargs"), Any::tuple(rest));
    } else if (arguments.positional.size() > count) {
      type_error(fmt::format("macro '{}' takes not more than {} argument(s)", signature.name, count));
    }
    const auto without_default = count - signature.defaults.size();
    for (std::size_t i = 0; i < count; ++i)
      if (values[i]) inner.set(signature.parameters[i], *values[i]);
    for (std::size_t i = 0; i < count; ++i) {
      if (values[i]) continue;
      const auto parameter = signature.parameters[i];
      inner.set(parameter, i >= without_default
                               ? evaluate(*signature.defaults[i - without_default], inner)
                               : run_.undefined(fmt::format("parameter '{}' was not provided", ast_.names[parameter])));
    }
    return captured([&] { (void)run(macro.body, inner); });
  });
}

Any Evaluator::call_block(const Stmt& block) {
  const DeeperMacro deeper(run_);
  if (block.required) other_error(fmt::format("Required block '{}' not found", block.text));
  return captured([&] { (void)in_scope(block, root_, [&](Scope& inner) { return run(block.body, inner); }); });
}

Any Evaluator::evaluate(const Expr& expr, Scope& scope) {
  run_.count_steps(1);
  if (expr.kind == Expr::Kind::constant) return expr.value;
  if (expr.kind == Expr::Kind::name) return variable(expr.name, scope);
  const Deeper deeper(run_.node_depth, Limits::node_depth, nested_too_deeply);
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
