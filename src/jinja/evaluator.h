/// Runs a template.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "berth/value.h"
#include "jinja/ast.h"
#include "jinja/run.h"
#include "jinja/scope.h"
#include "jinja/text.h"

namespace berth::jinja {

/// What a {% message %} block gave.
using MessageHandler = std::function<void(Run&, const Arguments&, const Str& content)>;

class Evaluator {
 public:
  Evaluator(const Ast& ast, const Environment& environment, const Value::Object& variables, MessageHandler on_message)
      : run_(environment, *this),
        ast_(ast),
        given_(variables),
        root_(nullptr, ast.hidden),
        on_message_(std::move(on_message)) {
    outside_.resize(ast.names.size());
  }

  /// Writes the template. Throws a Failure with its place.
  void write(TextBuilder& out) {
    out_ = &out;
    (void)run(ast_.body, root_);
  }

  Run& state() { return run_; }
  std::string_view name(NameId id) const { return ast_.names[id]; }

  /// Writes the body of a loop for other items; what `loop(items)` does.
  Any call_loop(const Stmt& loop, Scope& scope, const Any& items, std::int64_t depth);
  /// What a macro makes of its arguments.
  Any call_macro(const Stmt& macro, Scope& scope, Arguments& arguments);
  /// What the block of that name makes.
  Any call_block(const Stmt& block);

 private:
  enum class Flow { normal, leave, again };  ///< after {% break %}, {% continue %}

  Flow run(const Body& body, Scope& scope);
  Flow run(const Stmt& stmt, Scope& scope);
  Flow run_loop(const Stmt& loop, Scope& scope);
  Flow run_rounds(const Stmt& loop, Scope& scope, const Any& items, std::int64_t depth);
  Flow run_inside(const Stmt& stmt, Scope& scope);
  void run_set_block(const Stmt& stmt, Scope& scope, Flow& flow);
  void run_filter_block(const Stmt& stmt, Scope& scope, Flow& flow);
  void run_message(const Stmt& stmt, Scope& scope);
  void run_load(const Stmt& stmt, Scope& scope);
  void print(const Any& value);

  /// What `write` writes, as a text.
  template <class Write>
  Any captured(Write write);
  /// Runs `body` with a scope within `scope`, which stays where macros may see it later.
  template <class Use>
  auto in_scope(const Stmt& stmt, Scope& scope, Use use);
  template <class Use>
  auto in_scope(const Stmt& stmt, Scope& scope, std::span<const NameId> hidden, Use use);

  void check_namespaces(const Expr& target, Scope& scope);
  void assign(const Expr& target, const Any& value, Scope& scope, Scope& from);

  Any evaluate(const Expr& expr, Scope& scope);
  Any evaluate_printed(const Expr& expr, Scope& scope);
  Any evaluate_kind(const Expr& expr, Scope& scope);
  Any evaluate_arithmetic(const Expr& expr, Scope& scope);
  Any evaluate_slice(const Expr& expr, Scope& scope);
  Any evaluate_comparison(const Expr& expr, Scope& scope);
  Any evaluate_concatenation(const Expr& expr, Scope& scope);
  Any evaluate_dict(const Expr& expr, Scope& scope);
  Any evaluate_call(const Expr& expr, Scope& scope, const Any* caller = nullptr);
  Any evaluate_function(const Expr& expr, Scope& scope, const Any* block);
  Any optional(const ExprPtr& expr, Scope& scope) { return expr ? evaluate(*expr, scope) : Any(); }
  Arguments arguments_of(const CallArguments* given, Scope& scope);
  Any variable(NameId name, Scope& scope);
  Any outside(NameId name);
  NameId outside_id(std::string_view name) const;

  Run run_;
  const Ast& ast_;
  const Value::Object& given_;
  Scope root_;
  MessageHandler on_message_;
  TextBuilder* out_ = nullptr;
  bool folds_ = false;                       // what jinja2 would compute when it compiles, see folded.h
  std::vector<std::optional<Any>> outside_;  // what comes from outside, by name, once it was asked for
};

}  // namespace berth::jinja
