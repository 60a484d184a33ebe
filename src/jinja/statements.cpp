#include "jinja/statements.h"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "jinja/filters.h"
#include "jinja/limits.h"
#include "jinja/values.h"

namespace berth {
namespace {

using ::jinja::cast_stmt;
using ::jinja::mk_val;
using ::jinja::statement_ptr;
using ::jinja::statements;

/// {{ ... }}: the engine by itself prints nothing for None and objects, and all entries of a list side by side.
struct PrintStatement final : ::jinja::statement {
  PrintStatement(statement_ptr printed, bool python) : expression(std::move(printed)), as_python(python) {
    pos = expression->pos;
  }
  std::string type() const override { return "Print"; }
  ::jinja::value execute_impl(::jinja::context& context) const override {
    auto value = expression->execute(context);
    auto& limits = JinjaLimits::current();
    if (as_python && !::jinja::is_val<::jinja::value_string>(value))
      value = mk_val<::jinja::value_string>(jinja_str(value));
    limits.count_text(limits.count_value(value));
    return value;  // with its marks
  }
  statement_ptr expression;
  bool as_python;
};

/// Statements that make one text.
struct Body : ::jinja::expression {
  explicit Body(statements all) : body(std::move(all)) { pos = body.empty() ? 0 : body.front()->pos; }
  std::string type() const override { return "Body"; }
  ::jinja::value execute_impl(::jinja::context& context) const override {
    auto results = mk_val<::jinja::value_array>();
    for (const auto& each : body) results->push_back(each->execute(context));
    auto text = mk_val<::jinja::value_string>();
    ::jinja::gather_string_parts_recursive(results, text);
    return text;
  }
  statements body;
};

/// The body of a macro, or of a {% call %} block, which is one too.
struct MacroBody final : Body {
  MacroBody(statements all, const JinjaCost& call) : Body(std::move(all)), cost(call) {}
  ::jinja::value execute_impl(::jinja::context& context) const override {
    struct Entered {
      JinjaLimits& limits = JinjaLimits::current();
      Entered() { limits.enter_macro(); }
      ~Entered() { limits.leave_macro(); }
    } const entered;
    entered.limits.count_steps(1 + cost.nodes);
    entered.limits.count_text(cost.text_bytes);
    return Body::execute_impl(context);
  }
  JinjaCost cost;
};

/// What a {% call %} block calls. The engine calls it by itself, so that nothing is counted of what other functions do.
struct Macro final : ::jinja::expression {
  explicit Macro(statement_ptr called) : expression(std::move(called)) { pos = expression->pos; }
  std::string type() const override { return expression->type(); }
  ::jinja::value execute_impl(::jinja::context& context) const override {
    auto value = expression->execute(context);
    const auto* function = dynamic_cast<const ::jinja::value_func_t*>(value.get());
    if (function != nullptr && (function->arg0 || ::jinja::global_builtins().contains(function->name)))
      throw std::runtime_error("a {% call %} block calls a macro");
    return value;
  }
  statement_ptr expression;
};

/// A function that no variable holds.
struct FunctionLiteral final : ::jinja::expression {
  explicit FunctionLiteral(::jinja::value known) : function(std::move(known)) {}
  std::string type() const override { return "Function"; }
  ::jinja::value execute_impl(::jinja::context&) const override { return function; }
  ::jinja::value function;
};

/// `x | filter(y)` as a call of function(x, y), where there is one for it.
void replace_filter(statement_ptr& node) {
  auto* filter = cast_stmt<::jinja::filter_expression>(node);
  if (filter == nullptr) return;
  auto* call = cast_stmt<::jinja::call_expression>(filter->filter);
  const auto* name = cast_stmt<::jinja::identifier>(call == nullptr ? filter->filter : call->callee);
  if (name == nullptr) return;
  statement_ptr function;
  if (name->val == "templatize_part")
    function = std::make_unique<::jinja::identifier>(templatize_function);
  else if (auto known = filter_function(name->val))
    function = std::make_unique<FunctionLiteral>(std::move(known));
  else
    return;
  const auto pos = node->pos;
  function->pos = pos;
  limit_expression(function);
  statements arguments;
  arguments.push_back(std::move(filter->operand));
  if (call != nullptr)
    for (auto& argument : call->args) arguments.push_back(std::move(argument));
  node = std::make_unique<::jinja::call_expression>(std::move(function), std::move(arguments));
  node->pos = pos;
}

bool is_attribute(const statement_ptr& node, std::string_view attribute) {
  const auto* member = cast_stmt<::jinja::member_expression>(node);
  const auto* name = member == nullptr ? nullptr : cast_stmt<::jinja::identifier>(member->property);
  return name != nullptr && !member->computed && name->val == attribute;
}

/// Haystack's roles are enumerators, and `message.role.value` is their text; here `message.role` is.
void replace_role_value(statement_ptr& node) {
  if (!is_attribute(node, "value")) return;
  auto& object = cast_stmt<::jinja::member_expression>(node)->object;
  if (is_attribute(object, "role")) node = statement_ptr(std::move(object));
}

/// Goes through a program and changes it.
class Preparation {
 public:
  explicit Preparation(bool as_python) : as_python_(as_python) {}

  void prepare_all(statements& all);

 private:
  void prepare_expression(statement_ptr& node);
  void prepare_expressions(statements& all) {
    for (auto& each : all) prepare_expression(each);
  }
  void prepare_arguments(const statement_ptr& call);
  void prepare_parameters(const statements& parameters);
  void prepare_macro(statements& body);
  void prepare_block(statement_ptr& node);

  bool as_python_;
};

/// Of a call, or of a filter or test, which is a name or a call.
void Preparation::prepare_arguments(const statement_ptr& node) {
  if (auto* call = dynamic_cast<::jinja::call_expression*>(node.get())) prepare_expressions(call->args);
}

/// Of a macro: names, some with a default.
void Preparation::prepare_parameters(const statements& parameters) {
  for (const auto& each : parameters)
    if (auto* with_default = dynamic_cast<::jinja::keyword_argument_expression*>(each.get()))
      prepare_expression(with_default->val);
}

void Preparation::prepare_expression(statement_ptr& node) {
  if (!node) return;
  if (auto* member = cast_stmt<::jinja::member_expression>(node)) {
    prepare_expression(member->object);
    if (member->computed) prepare_expression(member->property);
  } else if (auto* call = cast_stmt<::jinja::call_expression>(node)) {
    prepare_expression(call->callee);
    prepare_expressions(call->args);
  } else if (auto* list = cast_stmt<::jinja::array_literal>(node)) {
    prepare_expressions(list->val);
  } else if (auto* tuple = cast_stmt<::jinja::tuple_literal>(node)) {
    prepare_expressions(tuple->val);
  } else if (auto* object = cast_stmt<::jinja::object_literal>(node)) {
    for (auto& [key, value] : object->val) {
      prepare_expression(key);
      prepare_expression(value);
    }
  } else if (auto* binary = cast_stmt<::jinja::binary_expression>(node)) {
    prepare_expression(binary->left);
    prepare_expression(binary->right);
  } else if (auto* filter = cast_stmt<::jinja::filter_expression>(node)) {
    prepare_expression(filter->operand);
    prepare_arguments(filter->filter);
  } else if (auto* test = cast_stmt<::jinja::test_expression>(node)) {
    prepare_expression(test->operand);
    prepare_arguments(test->test);
  } else if (auto* select = cast_stmt<::jinja::select_expression>(node)) {
    prepare_expression(select->lhs);
    prepare_expression(select->test);
  } else if (auto* unary = cast_stmt<::jinja::unary_expression>(node)) {
    prepare_expression(unary->argument);
  } else if (auto* slice = cast_stmt<::jinja::slice_expression>(node)) {
    prepare_expression(slice->start_expr);
    prepare_expression(slice->stop_expr);
    prepare_expression(slice->step_expr);
  } else if (auto* keyword = cast_stmt<::jinja::keyword_argument_expression>(node)) {
    prepare_expression(keyword->val);
  } else if (auto* spread = cast_stmt<::jinja::spread_expression>(node)) {
    prepare_expression(spread->argument);
  } else if (auto* ternary = cast_stmt<::jinja::ternary_expression>(node)) {
    prepare_expression(ternary->condition);
    prepare_expression(ternary->true_expr);
    prepare_expression(ternary->false_expr);
  }
  if (as_python_) {
    replace_filter(node);
    replace_role_value(node);
  }
  limit_expression(node);
}

void Preparation::prepare_macro(statements& body) {
  const auto cost = JinjaCost::of(body);
  prepare_all(body);
  auto whole = std::make_unique<MacroBody>(std::move(body), cost);
  body.clear();
  body.push_back(std::move(whole));
}

void Preparation::prepare_block(statement_ptr& node) {
  if (auto* block = cast_stmt<::jinja::if_statement>(node)) {
    prepare_expression(block->test);
    prepare_all(block->body);
    prepare_all(block->alternate);
  } else if (auto* loop = cast_stmt<::jinja::for_statement>(node)) {
    const auto cost = JinjaCost::of_round(*loop);
    if (auto* filtered = cast_stmt<::jinja::select_expression>(loop->iterable)) {
      prepare_expression(filtered->lhs);
      prepare_expression(filtered->test);
    } else {
      prepare_expression(loop->iterable);
    }
    prepare_all(loop->body);
    prepare_all(loop->default_block);
    limit_loop(*loop, cost);
  } else if (auto* set = cast_stmt<::jinja::set_statement>(node)) {
    prepare_expression(set->val);
    prepare_all(set->body);
  } else if (auto* call = cast_stmt<::jinja::call_statement>(node)) {
    prepare_parameters(call->caller_args);
    prepare_arguments(call->call);
    auto& called = cast_stmt<::jinja::call_expression>(call->call)->callee;
    prepare_expression(called);
    called = std::make_unique<Macro>(std::move(called));
    prepare_macro(call->body);
  } else if (auto* filter = cast_stmt<::jinja::filter_statement>(node)) {
    prepare_all(filter->body);
    prepare_arguments(filter->filter);
    auto body = std::make_unique<Body>(std::move(filter->body));
    const auto pos = node->pos;
    node = std::make_unique<::jinja::filter_expression>(std::move(body), std::move(filter->filter));
    node->pos = pos;
    limit_expression(node);
  } else if (auto* macro = cast_stmt<::jinja::macro_statement>(node)) {
    prepare_parameters(macro->args);
    prepare_macro(macro->body);
  }
}

void Preparation::prepare_all(statements& all) {
  for (auto& node : all) {
    if (cast_stmt<::jinja::expression>(node) == nullptr) {
      prepare_block(node);
      continue;
    }
    prepare_expression(node);
    node = std::make_unique<PrintStatement>(std::move(node), as_python_);
  }
}

}  // namespace

void prepare(::jinja::program& program) { Preparation(true).prepare_all(program.body); }
void limit(::jinja::program& program) { Preparation(false).prepare_all(program.body); }

}  // namespace berth
