#include "jinja/variables.h"

#include <algorithm>
#include <set>

#include "jinja/tokens.h"

namespace berth {
namespace {

using ::jinja::cast_stmt;
using ::jinja::statement;
using ::jinja::statement_ptr;
using ::jinja::statements;
using Names = std::set<std::string>;

/// What jinja2 knows in each template, and what this one adds.
const Names global_names = {"true", "True",   "false",  "False",  "none",      "None",          "range",
                            "dict", "lipsum", "joiner", "cycler", "namespace", message_function};

class Search {
 public:
  std::vector<std::string> found;  // in order of appearance
  Names assigned;                  // by {% set %}, anywhere

  void visit(const statements& all, Names& known) {
    for (const auto& each : all) visit(each, known);
  }
  void visit_block(const statements& all, Names known) { visit(all, known); }

  void visit(const statement_ptr& node, Names& known) {
    if (!node) return;
    if (const auto* name = cast_stmt<::jinja::identifier>(node)) {
      use(name->val, known);
    } else if (const auto* block = cast_stmt<::jinja::if_statement>(node)) {
      visit(block->test, known);
      auto then = known;
      auto otherwise = known;
      visit(block->body, then);
      visit(block->alternate, otherwise);
      std::ranges::set_intersection(then, otherwise, std::inserter(known, known.end()));
    } else if (const auto* loop = cast_stmt<::jinja::for_statement>(node)) {
      visit_loop(*loop, known);
    } else if (const auto* set = cast_stmt<::jinja::set_statement>(node)) {
      visit(set->val, known);
      visit_block(set->body, known);
      if (cast_stmt<::jinja::member_expression>(set->assignee) != nullptr) visit(set->assignee, known);
      declare(set->assignee, known);
      if (set->val) declare(set->assignee, assigned);
    } else if (const auto* macro = cast_stmt<::jinja::macro_statement>(node)) {
      declare(macro->name, known);
      visit_function(macro->args, macro->body, known);
    } else if (const auto* call_block = cast_stmt<::jinja::call_statement>(node)) {
      visit(call_block->call, known);
      visit_function(call_block->caller_args, call_block->body, known);
    } else if (const auto* filter_block = cast_stmt<::jinja::filter_statement>(node)) {
      visit_arguments(filter_block->filter, known);
      visit_block(filter_block->body, known);
    } else {
      visit_expression(node, known);
    }
  }

 private:
  void use(const std::string& name, const Names& known) {
    if (known.contains(name) || global_names.contains(name)) return;
    if (std::ranges::find(found, name) == found.end()) found.push_back(name);
  }

  /// The names that an assignment to `target` sets.
  static void declare(const statement_ptr& target, Names& known) {
    if (const auto* name = cast_stmt<::jinja::identifier>(target)) known.insert(name->val);
    if (const auto* tuple = cast_stmt<::jinja::tuple_literal>(target))
      for (const auto& each : tuple->val) declare(each, known);
  }

  void visit_loop(const ::jinja::for_statement& loop, Names& known) {
    auto inside = known;
    declare(loop.loopvar, inside);
    if (const auto* filtered = cast_stmt<::jinja::select_expression>(loop.iterable)) {
      visit(filtered->lhs, known);
      visit(filtered->test, inside);
    } else {
      visit(loop.iterable, known);
    }
    inside.insert("loop");
    visit(loop.body, inside);
    visit_block(loop.default_block, known);
  }

  void visit_function(const statements& parameters, const statements& body, Names& known) {
    auto inside = known;
    inside.insert({"caller", "varargs", "kwargs"});
    for (const auto& parameter : parameters) {
      const auto* with_default = cast_stmt<::jinja::keyword_argument_expression>(parameter);
      if (with_default != nullptr) visit(with_default->val, known);
      declare(with_default == nullptr ? parameter : with_default->key, inside);
    }
    visit(body, inside);
  }

  /// Of a filter or a test, whose own name is no variable.
  void visit_arguments(const statement_ptr& node, Names& known) {
    if (const auto* call = cast_stmt<::jinja::call_expression>(node)) visit(call->args, known);
  }

  void visit_expression(const statement_ptr& node, Names& known) {
    if (const auto* member = cast_stmt<::jinja::member_expression>(node)) {
      visit(member->object, known);
      if (member->computed) visit(member->property, known);
    } else if (const auto* call = cast_stmt<::jinja::call_expression>(node)) {
      visit(call->callee, known);
      visit(call->args, known);
    } else if (const auto* list = cast_stmt<::jinja::array_literal>(node)) {
      visit(list->val, known);
    } else if (const auto* tuple = cast_stmt<::jinja::tuple_literal>(node)) {
      visit(tuple->val, known);
    } else if (const auto* object = cast_stmt<::jinja::object_literal>(node)) {
      for (const auto& [key, value] : object->val) {
        visit(key, known);
        visit(value, known);
      }
    } else if (const auto* binary = cast_stmt<::jinja::binary_expression>(node)) {
      visit(binary->left, known);
      visit(binary->right, known);
    } else if (const auto* filter = cast_stmt<::jinja::filter_expression>(node)) {
      visit(filter->operand, known);
      visit_arguments(filter->filter, known);
    } else if (const auto* test = cast_stmt<::jinja::test_expression>(node)) {
      visit(test->operand, known);
      visit_arguments(test->test, known);
    } else if (const auto* select = cast_stmt<::jinja::select_expression>(node)) {
      visit(select->lhs, known);
      visit(select->test, known);
    } else if (const auto* unary = cast_stmt<::jinja::unary_expression>(node)) {
      visit(unary->argument, known);
    } else if (const auto* slice = cast_stmt<::jinja::slice_expression>(node)) {
      visit(slice->start_expr, known);
      visit(slice->stop_expr, known);
      visit(slice->step_expr, known);
    } else if (const auto* keyword = cast_stmt<::jinja::keyword_argument_expression>(node)) {
      visit(keyword->val, known);
    } else if (const auto* spread = cast_stmt<::jinja::spread_expression>(node)) {
      visit(spread->argument, known);
    } else if (const auto* ternary = cast_stmt<::jinja::ternary_expression>(node)) {
      visit(ternary->condition, known);
      visit(ternary->true_expr, known);
      visit(ternary->false_expr, known);
    }
  }
};

}  // namespace

std::vector<std::string> undeclared_variables(const ::jinja::program& program) {
  Search search;
  Names known;
  search.visit(program.body, known);
  std::erase_if(search.found, [&](const std::string& name) { return search.assigned.contains(name); });
  return search.found;
}

}  // namespace berth
