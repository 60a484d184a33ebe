#include "jinja/statements.h"

#include <stdexcept>
#include <utility>

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

/// `part | templatize_part` as a call.
statement_ptr templatize_call(::jinja::filter_expression& filter) {
  statements arguments;
  arguments.push_back(std::move(filter.operand));
  auto name = std::make_unique<::jinja::identifier>(templatize_function);
  name->pos = filter.pos;
  auto call = std::make_unique<::jinja::call_expression>(std::move(name), std::move(arguments));
  call->pos = filter.pos;
  return call;
}

void prepare_all(statements& all);

void prepare_block(statement_ptr& node) {
  if (auto* block = cast_stmt<::jinja::if_statement>(node)) {
    prepare_all(block->body);
    prepare_all(block->alternate);
  } else if (auto* loop = cast_stmt<::jinja::for_statement>(node)) {
    prepare_all(loop->body);
    prepare_all(loop->default_block);
  } else if (auto* set = cast_stmt<::jinja::set_statement>(node)) {
    prepare_all(set->body);
  } else if (auto* call = cast_stmt<::jinja::call_statement>(node)) {
    prepare_all(call->body);
  } else if (auto* filter = cast_stmt<::jinja::filter_statement>(node)) {
    prepare_all(filter->body);
  } else if (auto* macro = cast_stmt<::jinja::macro_statement>(node)) {
    prepare_all(macro->body);
    auto body = std::make_unique<MacroBody>(std::move(macro->body));
    macro->body.clear();
    macro->body.push_back(std::move(body));
  }
}

void prepare_all(statements& all) {
  for (auto& node : all) {
    if (auto* filter = cast_stmt<::jinja::filter_expression>(node)) {
      const auto* name = cast_stmt<::jinja::identifier>(filter->filter);
      if (name != nullptr && name->val == "templatize_part") node = templatize_call(*filter);
    }
    if (cast_stmt<::jinja::expression>(node) != nullptr)
      node = std::make_unique<PrintStatement>(std::move(node));
    else
      prepare_block(node);
  }
}

}  // namespace

void prepare(::jinja::program& program) { prepare_all(program.body); }

}  // namespace berth
