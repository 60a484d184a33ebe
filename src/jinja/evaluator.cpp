#include "jinja/evaluator.h"

#include <fmt/format.h>

#include <algorithm>

#include "jinja/evaluator_objects.h"
#include "jinja/objects.h"
#include "jinja/restored.h"

namespace berth::jinja {
namespace {

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
  const DeeperNode deeper(run_);
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

}  // namespace berth::jinja
