/// The expressions of templates.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "jinja/ast.h"
#include "jinja/environment.h"
#include "jinja/token_stream.h"

namespace berth::jinja {

class ExpressionParser {
 public:
  ExpressionParser(TokenStream& tokens, const Environment& environment, Ast& ast)
      : tokens_(tokens), environment_(environment), ast_(ast) {}

  ExprPtr parse_expression(bool with_conditional = true);
  /// One expression, or a tuple of those between commas. It ends before a name of `end` at the latest.
  ExprPtr parse_tuple(bool with_conditional = true, bool in_parentheses = false);
  /// What can be assigned to: a name, a tuple of names, or ns.name where `allows_namespace`.
  ExprPtr parse_target(bool allows_namespace = false);
  /// Filters after what a block makes; nullptr: there are none. `starts_inline`: the first one without "|".
  ExprPtr parse_block_filters(bool starts_inline);

  NameId name_id(const std::string& name);

  /// How often a name was read so far.
  std::size_t reads(const std::string& name) const;

 private:
  class Nested;

  ExprPtr make(Expr::Kind kind, Place place) const;
  ExprPtr make(Expr::Kind kind, Place place, ExprPtr first, ExprPtr second = nullptr) const;
  ExprPtr constant(Place place, const Any& value) const;

  ExprPtr parse_conditional();
  ExprPtr parse_or();
  ExprPtr parse_and();
  ExprPtr parse_not();
  ExprPtr parse_comparison();
  ExprPtr parse_sum();
  ExprPtr parse_concatenation();
  ExprPtr parse_product();
  ExprPtr parse_power();
  ExprPtr parse_unary(bool with_filters = true);
  ExprPtr parse_primary(bool allows_namespace = false);
  ExprPtr parse_name(bool allows_namespace);
  ExprPtr parse_strings();
  ExprPtr parse_number();
  ExprPtr parse_list();
  ExprPtr parse_dict();
  ExprPtr parse_postfix(ExprPtr expr);
  ExprPtr parse_filters_and_tests(ExprPtr expr);
  ExprPtr parse_subscript(ExprPtr object);
  ExprPtr parse_call(ExprPtr callee);
  ExprPtr parse_filter(ExprPtr value);
  ExprPtr parse_test(ExprPtr value);
  ExprPtr parse_binary(std::initializer_list<std::pair<std::string_view, Op>> operators,
                       ExprPtr (ExpressionParser::*parse_operand)());
  std::unique_ptr<CallArguments> parse_arguments();
  std::string parse_dotted_name();
  bool ends_tuple() const;

  TokenStream& tokens_;
  const Environment& environment_;
  Ast& ast_;
  std::unordered_map<std::string, NameId> ids_;
  std::unordered_map<std::string, std::size_t> reads_;
  int depth_ = 0;  // of expressions within each other
};

}  // namespace berth::jinja
