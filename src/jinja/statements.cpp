#include "jinja/statements.h"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "jinja/filters.h"
#include "jinja/values.h"

namespace berth {
namespace {

using ::jinja::cast_stmt;
using ::jinja::mk_val;
using ::jinja::statement_ptr;
using ::jinja::statements;

/// {{ ... }}: the engine by itself prints nothing for None and objects, and all entries of a list side by side.
struct PrintStatement final : ::jinja::statement {
  explicit PrintStatement(statement_ptr printed) : expression(std::move(printed)) { pos = expression->pos; }
  std::string type() const override { return "Print"; }
  ::jinja::value execute_impl(::jinja::context& context) const override {
    auto value = expression->execute(context);
    if (::jinja::is_val<::jinja::value_string>(value)) return value;  // with its marks
    return mk_val<::jinja::value_string>(jinja_str(value));
  }
  statement_ptr expression;
};

/// The body of a macro. Each call of one has a context of its own, made from that of the caller: the depth is kept there.
struct MacroBody final : ::jinja::statement {
  explicit MacroBody(statements all) : body(std::move(all)) { pos = body.empty() ? 0 : body.front()->pos; }
  std::string type() const override { return "MacroBody"; }
  ::jinja::value execute_impl(::jinja::context& context) const override {
    static constexpr int max_depth = 20;
    static const std::string depth_name = "__macro_depth";
    const auto outer = context.get_val(depth_name);
    const auto depth = outer->is_undefined() ? 1 : outer->as_int() + 1;
    if (depth > max_depth) throw std::runtime_error("macros call each other more than 20 deep");
    context.set_val(depth_name, mk_val<::jinja::value_int>(depth));
    auto results = mk_val<::jinja::value_array>();
    for (const auto& each : body) results->push_back(each->execute(context));
    auto text = mk_val<::jinja::value_string>();
    ::jinja::gather_string_parts_recursive(results, text);
    return text;
  }
  statements body;
};

statement_ptr call_of(std::string function, statements arguments, std::size_t pos) {
  auto name = std::make_unique<::jinja::identifier>(function);
  name->pos = pos;
  auto call = std::make_unique<::jinja::call_expression>(std::move(name), std::move(arguments));
  call->pos = pos;
  return call;
}

/// `x | filter(y)` as a call of function(x, y), where there is one for it.
void replace_filter(statement_ptr& node) {
  auto* filter = cast_stmt<::jinja::filter_expression>(node);
  if (filter == nullptr) return;
  auto* call = cast_stmt<::jinja::call_expression>(filter->filter);
  const auto* name = cast_stmt<::jinja::identifier>(call == nullptr ? filter->filter : call->callee);
  if (name == nullptr) return;
  const auto function = name->val == "templatize_part" ? templatize_function : filter_function(name->val);
  if (function.empty()) return;
  statements arguments;
  arguments.push_back(std::move(filter->operand));
  if (call != nullptr)
    for (auto& argument : call->args) arguments.push_back(std::move(argument));
  node = call_of(function, std::move(arguments), node->pos);
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

void prepare_expression(statement_ptr& node);

void prepare_expressions(statements& all) {
  for (auto& each : all) prepare_expression(each);
}

void prepare_expression(statement_ptr& node) {
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
    prepare_expression(filter->filter);
  } else if (auto* test = cast_stmt<::jinja::test_expression>(node)) {
    prepare_expression(test->operand);
    prepare_expression(test->test);
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
  replace_filter(node);
  replace_role_value(node);
}

void prepare_all(statements& all);

void prepare_block(statement_ptr& node) {
  if (auto* block = cast_stmt<::jinja::if_statement>(node)) {
    prepare_expression(block->test);
    prepare_all(block->body);
    prepare_all(block->alternate);
  } else if (auto* loop = cast_stmt<::jinja::for_statement>(node)) {
    prepare_expression(loop->iterable);
    prepare_all(loop->body);
    prepare_all(loop->default_block);
  } else if (auto* set = cast_stmt<::jinja::set_statement>(node)) {
    prepare_expression(set->val);
    prepare_all(set->body);
  } else if (auto* call = cast_stmt<::jinja::call_statement>(node)) {
    prepare_expression(call->call);
    prepare_all(call->body);
  } else if (auto* filter = cast_stmt<::jinja::filter_statement>(node)) {
    prepare_all(filter->body);
  } else if (auto* macro = cast_stmt<::jinja::macro_statement>(node)) {
    prepare_expressions(macro->args);
    prepare_all(macro->body);
    auto body = std::make_unique<MacroBody>(std::move(macro->body));
    macro->body.clear();
    macro->body.push_back(std::move(body));
  }
}

void prepare_all(statements& all) {
  for (auto& node : all) {
    if (cast_stmt<::jinja::expression>(node) == nullptr) {
      prepare_block(node);
      continue;
    }
    prepare_expression(node);
    node = std::make_unique<PrintStatement>(std::move(node));
  }
}

}  // namespace

void prepare(::jinja::program& program) { prepare_all(program.body); }

}  // namespace berth
