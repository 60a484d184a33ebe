#include "jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/unicode.h"

namespace berth::jinja {
namespace {

constexpr int max_operator_depth = 200;

using ExprKind = Expr::Kind;

}  // namespace

/// One level deeper into the template.
class ExpressionParser::Nested {
 public:
  Nested(ExpressionParser& parser, int levels) : parser_(parser) { deeper(levels); }
  ~Nested() { parser_.depth_ -= levels_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

  /// Chains of operators nest the first operand ever deeper.
  void deeper(int more) {
    if (parser_.depth_ + more > max_operator_depth)
      parser_.tokens_.fail(
          fmt::format("an expression has more than {} operators within each other", max_operator_depth));
    levels_ += more;
    parser_.depth_ += more;
  }

 private:
  ExpressionParser& parser_;
  int levels_ = 0;
};

ExprPtr ExpressionParser::make(ExprKind kind, Place place) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->place = place;
  return expr;
}

ExprPtr ExpressionParser::make(ExprKind kind, Place place, ExprPtr first, ExprPtr second) const {
  auto expr = make(kind, place);
  expr->parts.push_back(std::move(first));
  if (second) expr->parts.push_back(std::move(second));
  return expr;
}

ExprPtr ExpressionParser::constant(Place place, const Any& value) const {
  auto expr = make(ExprKind::constant, place);
  expr->value = value;
  return expr;
}

NameId ExpressionParser::name_id(const std::string& name) {
  const auto [entry, is_new] = ids_.emplace(name, static_cast<NameId>(ast_.names.size()));
  if (is_new) ast_.names.push_back(name);
  return entry->second;
}

std::size_t ExpressionParser::reads(const std::string& name) const {
  const auto found = reads_.find(name);
  return found == reads_.end() ? 0 : found->second;
}

ExprPtr ExpressionParser::parse_expression(bool with_conditional) {
  return with_conditional ? parse_conditional() : parse_or();
}

ExprPtr ExpressionParser::parse_conditional() {
  Nested nested(*this, 0);
  const auto place = tokens_.current().place;
  auto value = parse_or();
  while (tokens_.skip_name("if")) {
    nested.deeper(1);
    auto condition = parse_or();
    auto expr = make(ExprKind::conditional, place, std::move(condition), std::move(value));
    expr->parts.push_back(tokens_.skip_name("else") ? parse_conditional() : nullptr);
    value = std::move(expr);
  }
  return value;
}

ExprPtr ExpressionParser::parse_or() {
  Nested nested(*this, 0);
  auto left = parse_and();
  while (true) {
    const auto place = tokens_.current().place;
    if (!tokens_.skip_name("or")) return left;
    nested.deeper(1);
    left = make(ExprKind::logical_or, place, std::move(left), parse_and());
  }
}

ExprPtr ExpressionParser::parse_and() {
  Nested nested(*this, 0);
  auto left = parse_not();
  while (true) {
    const auto place = tokens_.current().place;
    if (!tokens_.skip_name("and")) return left;
    nested.deeper(1);
    left = make(ExprKind::logical_and, place, std::move(left), parse_not());
  }
}

ExprPtr ExpressionParser::parse_not() {
  const auto place = tokens_.current().place;
  if (!tokens_.skip_name("not")) return parse_comparison();
  const Nested nested(*this, 1);
  return make(ExprKind::logical_not, place, parse_not());
}

ExprPtr ExpressionParser::parse_comparison() {
  static constexpr std::pair<std::string_view, Op> operators[] = {{"==", Op::equal},  {"!=", Op::not_equal},
                                                                  {"<", Op::less},    {"<=", Op::less_equal},
                                                                  {">", Op::greater}, {">=", Op::greater_equal}};
  const auto place = tokens_.current().place;
  auto first = parse_sum();
  ExprPtr chain;
  while (true) {
    const auto* found =
        std::ranges::find_if(operators, [&](const auto& each) { return tokens_.current().is_op(each.first); });
    Op op{};
    if (found != std::end(operators)) {
      op = found->second;
    } else if (tokens_.current().is_name("in")) {
      op = Op::in;
    } else if (tokens_.current().is_name("not") && tokens_.ahead().is_name("in")) {
      op = Op::not_in;
      tokens_.next();
    } else {
      break;
    }
    tokens_.next();
    if (!chain) chain = make(ExprKind::comparison, place, std::move(first));
    chain->ops.push_back(op);
    chain->parts.push_back(parse_sum());
  }
  return chain ? std::move(chain) : std::move(first);
}

ExprPtr ExpressionParser::parse_binary(std::initializer_list<std::pair<std::string_view, Op>> operators,
                                       ExprPtr (ExpressionParser::*parse_operand)()) {
  Nested nested(*this, 0);
  auto left = (this->*parse_operand)();
  while (true) {
    const auto* found =
        std::ranges::find_if(operators, [&](const auto& each) { return tokens_.current().is_op(each.first); });
    if (found == operators.end()) return left;
    nested.deeper(1);
    const auto place = tokens_.next().place;
    left = make(ExprKind::arithmetic, place, std::move(left), (this->*parse_operand)());
    left->ops.push_back(found->second);
  }
}

ExprPtr ExpressionParser::parse_sum() {
  return parse_binary({{"+", Op::add}, {"-", Op::subtract}}, &ExpressionParser::parse_concatenation);
}

ExprPtr ExpressionParser::parse_concatenation() {
  const auto place = tokens_.current().place;
  auto first = parse_product();
  if (!tokens_.current().is_op("~")) return first;
  auto expr = make(ExprKind::concatenation, place, std::move(first));
  while (tokens_.skip_op("~")) expr->parts.push_back(parse_product());
  return expr;
}

ExprPtr ExpressionParser::parse_product() {
  return parse_binary({{"*", Op::multiply}, {"/", Op::divide}, {"//", Op::floor_divide}, {"%", Op::modulo}},
                      &ExpressionParser::parse_power);
}

ExprPtr ExpressionParser::parse_power() {
  Nested nested(*this, 0);
  auto left = parse_unary();
  while (tokens_.current().is_op("**")) {
    nested.deeper(1);
    const auto place = tokens_.next().place;
    left = make(ExprKind::arithmetic, place, std::move(left), parse_unary());
    left->ops.push_back(Op::power);
  }
  return left;
}

ExprPtr ExpressionParser::parse_unary(bool with_filters) {
  const Nested nested(*this, 1);
  const auto place = tokens_.current().place;
  ExprPtr expr;
  if (tokens_.skip_op("-"))
    expr = make(ExprKind::negative, place, parse_unary(false));
  else if (tokens_.skip_op("+"))
    expr = make(ExprKind::positive, place, parse_unary(false));
  else
    expr = parse_primary();
  expr = parse_postfix(std::move(expr));
  return with_filters ? parse_filters_and_tests(std::move(expr)) : std::move(expr);
}

ExprPtr ExpressionParser::parse_primary(bool allows_namespace) {
  const auto& token = tokens_.current();
  switch (token.kind) {
    case Token::Kind::name:
      return parse_name(allows_namespace);
    case Token::Kind::string:
      return parse_strings();
    case Token::Kind::integer:
    case Token::Kind::floating:
      return parse_number();
    default:
      break;
  }
  if (token.is_op("[")) return parse_list();
  if (token.is_op("{")) return parse_dict();
  if (!token.is_op("(")) tokens_.fail(fmt::format("unexpected '{}'", tokens_.shown()));
  tokens_.next();
  auto expr = parse_tuple(true, true);
  tokens_.expect_op(")");
  return expr;
}

ExprPtr ExpressionParser::parse_name(bool allows_namespace) {
  const auto token = tokens_.next();
  const auto& name = token.text;
  if (name == "true" || name == "True") return constant(token.place, true);
  if (name == "false" || name == "False") return constant(token.place, false);
  if (name == "none" || name == "None") return constant(token.place, Any());
  auto expr = make(ExprKind::name, token.place);
  expr->name = name_id(name);
  if (allows_namespace && tokens_.skip_op(".")) {
    expr->kind = ExprKind::namespace_ref;
    expr->text = tokens_.expect(Token::Kind::name, "name").text;
  }
  ++reads_[name];
  return expr;
}

ExprPtr ExpressionParser::parse_strings() {
  const auto place = tokens_.current().place;
  std::string text;
  while (tokens_.current().is(Token::Kind::string)) text += tokens_.next().text;
  auto* made = ast_.constants.make<Str>(Str{ast_.constants.keep(text)});
  made->counted = count_characters(made->bytes);
  return constant(place, made);
}

ExprPtr ExpressionParser::parse_number() {
  const auto token = tokens_.next();
  const auto& text = token.text;
  if (token.is(Token::Kind::floating)) {
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec == std::errc::result_out_of_range)
      value = text.find("e-") != text.npos || text.find("E-") != text.npos ? 0.0 : HUGE_VAL;
    return constant(token.place, value);
  }
  const char letter = text.size() > 1 ? static_cast<char>(text[1] | 0x20) : '\0';
  const unsigned base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
  const auto digits = std::string_view(text).substr(base == 10 ? 0 : 2);
  if (digits.size() > 4300) tokens_.fail("a number has more than 4300 digits", token.place);
  auto value = BigInteger::from_digits(digits, base);
  if (const auto small = value.to_int64()) return constant(token.place, *small);
  return constant(token.place, ast_.constants.make<Big>(Big{std::move(value)}));
}

/// As in jinja2, "in" ends no tuple: after a comma it is a name.
bool ExpressionParser::ends_tuple() const {
  const auto& token = tokens_.current();
  return token.is(Token::Kind::variable_end) || token.is(Token::Kind::block_end) || token.is_op(")");
}

ExprPtr ExpressionParser::parse_tuple(bool with_conditional, bool in_parentheses) {
  auto tuple = make(ExprKind::tuple, tokens_.current().place);
  bool is_tuple = false;
  while (!ends_tuple()) {
    tuple->parts.push_back(parse_expression(with_conditional));
    if (!tokens_.skip_op(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return tuple;
  if (!tuple->parts.empty()) return std::move(tuple->parts.front());
  if (!in_parentheses) tokens_.fail(fmt::format("Expected an expression, got '{}'", tokens_.shown()));
  return tuple;
}

ExprPtr ExpressionParser::parse_target(bool allows_namespace) {
  const auto can_assign = [&](const Expr& expr, const auto& self) -> bool {
    if (expr.kind == ExprKind::tuple)
      return std::ranges::all_of(expr.parts, [&](const auto& part) { return self(*part, self); });
    return expr.kind == ExprKind::name || expr.kind == ExprKind::namespace_ref;
  };
  auto tuple = make(ExprKind::tuple, tokens_.current().place);
  bool is_tuple = false;
  const auto reads_before = reads_;
  while (!ends_tuple()) {
    tuple->parts.push_back(parse_primary(allows_namespace));
    if (!tokens_.skip_op(",")) break;
    is_tuple = true;
  }
  reads_ = reads_before;  // what is assigned is not read
  if (!is_tuple && tuple->parts.empty()) tokens_.fail(fmt::format("Expected an expression, got '{}'", tokens_.shown()));
  auto target = is_tuple ? std::move(tuple) : std::move(tuple->parts.front());
  if (!can_assign(*target, can_assign))
    tokens_.fail("what stands before '=' or 'in' cannot be assigned to", target->place);
  return target;
}

ExprPtr ExpressionParser::parse_list() {
  auto list = make(ExprKind::list, tokens_.expect_op("[").place);
  while (!tokens_.current().is_op("]")) {
    if (!list->parts.empty()) tokens_.expect_op(",");
    if (tokens_.current().is_op("]")) break;
    list->parts.push_back(parse_expression());
  }
  tokens_.expect_op("]");
  return list;
}

ExprPtr ExpressionParser::parse_dict() {
  auto dict = make(ExprKind::dict, tokens_.expect_op("{").place);
  while (!tokens_.current().is_op("}")) {
    if (!dict->parts.empty()) tokens_.expect_op(",");
    if (tokens_.current().is_op("}")) break;
    dict->parts.push_back(parse_expression());
    tokens_.expect_op(":");
    dict->parts.push_back(parse_expression());
  }
  tokens_.expect_op("}");
  return dict;
}

ExprPtr ExpressionParser::parse_postfix(ExprPtr expr) {
  Nested nested(*this, 0);
  while (true) {
    if (tokens_.current().is_op(".") || tokens_.current().is_op("["))
      expr = parse_subscript(std::move(expr));
    else if (tokens_.current().is_op("("))
      expr = parse_call(std::move(expr));
    else
      return expr;
    nested.deeper(1);
  }
}

ExprPtr ExpressionParser::parse_filters_and_tests(ExprPtr expr) {
  Nested nested(*this, 0);
  while (true) {
    if (tokens_.current().is_op("|"))
      expr = parse_filter(std::move(expr));
    else if (tokens_.current().is_name("is"))
      expr = parse_test(std::move(expr));
    else if (tokens_.current().is_op("("))
      expr = parse_call(std::move(expr));
    else
      return expr;
    nested.deeper(1);
  }
}

ExprPtr ExpressionParser::parse_subscript(ExprPtr object) {
  const auto place = tokens_.current().place;
  if (tokens_.skip_op(".")) {
    if (tokens_.current().is(Token::Kind::integer))
      return make(ExprKind::item, place, std::move(object), parse_number());
    auto expr = make(ExprKind::attribute, place, std::move(object));
    if (!tokens_.current().is(Token::Kind::name)) tokens_.fail("expected name or number");
    expr->text = tokens_.next().text;
    return expr;
  }
  tokens_.expect_op("[");
  std::vector<ExprPtr> keys;
  bool has_slice = false;
  while (!tokens_.current().is_op("]")) {
    if (!keys.empty()) tokens_.expect_op(",");
    const auto ends = [&] {
      return tokens_.current().is_op("]") || tokens_.current().is_op(",") || tokens_.current().is_op(":");
    };
    auto start = tokens_.current().is_op(":") ? nullptr : parse_expression();
    if (!tokens_.skip_op(":")) {
      keys.push_back(std::move(start));
      continue;
    }
    auto slice = make(ExprKind::slice, place, nullptr);
    slice->parts.push_back(std::move(start));
    slice->parts.push_back(ends() ? nullptr : parse_expression());
    slice->parts.push_back(tokens_.skip_op(":") && !ends() ? parse_expression() : nullptr);
    keys.push_back(std::move(slice));
    has_slice = true;
  }
  tokens_.expect_op("]");
  if (keys.size() == 1 && has_slice) {
    keys.front()->parts.front() = std::move(object);
    return std::move(keys.front());
  }
  if (has_slice) tokens_.fail("a slice cannot be one of several keys", place);
  if (keys.size() == 1) return make(ExprKind::item, place, std::move(object), std::move(keys.front()));
  auto tuple = make(ExprKind::tuple, place);
  tuple->parts = std::move(keys);
  return make(ExprKind::item, place, std::move(object), std::move(tuple));
}

std::unique_ptr<CallArguments> ExpressionParser::parse_arguments() {
  const auto place = tokens_.expect_op("(").place;
  auto all = std::make_unique<CallArguments>();
  const auto need = [&](bool holds) {
    if (!holds) tokens_.fail("invalid syntax for function call expression", place);
  };
  for (bool first = true; !tokens_.current().is_op(")"); first = false) {
    if (!first) {
      tokens_.expect_op(",");
      if (tokens_.current().is_op(")")) break;
    }
    if (tokens_.skip_op("*")) {
      need(!all->more_positional && !all->more_named);
      all->more_positional = parse_expression();
    } else if (tokens_.skip_op("**")) {
      need(!all->more_named);
      all->more_named = parse_expression();
    } else if (tokens_.current().is(Token::Kind::name) && tokens_.ahead().is_op("=")) {
      need(!all->more_named);
      auto name = tokens_.next().text;
      tokens_.next();
      for (const auto& [given, value] : all->named)
        if (given == name) tokens_.fail(fmt::format("keyword argument repeated: {}", name), place);
      auto value = parse_expression();
      all->named.emplace_back(std::move(name), std::move(value));
    } else {
      need(!all->more_positional && !all->more_named && all->named.empty());
      all->positional.push_back(parse_expression());
    }
  }
  tokens_.expect_op(")");
  return all;
}

ExprPtr ExpressionParser::parse_call(ExprPtr callee) {
  auto expr = make(ExprKind::call, tokens_.current().place, std::move(callee));
  expr->arguments = parse_arguments();
  return expr;
}

std::string ExpressionParser::parse_dotted_name() {
  auto name = tokens_.expect(Token::Kind::name, "name").text;
  while (tokens_.skip_op(".")) name += "." + tokens_.expect(Token::Kind::name, "name").text;
  return name;
}

ExprPtr ExpressionParser::parse_filter(ExprPtr value) {
  tokens_.skip_op("|");
  auto expr = make(ExprKind::filter, tokens_.current().place, std::move(value));
  expr->text = parse_dotted_name();
  expr->function = find_filter(environment_, expr->text);
  if (tokens_.current().is_op("(")) expr->arguments = parse_arguments();
  return expr;
}

ExprPtr ExpressionParser::parse_block_filters(bool starts_inline) {
  Nested nested(*this, 0);
  ExprPtr expr;
  while (tokens_.current().is_op("|") || starts_inline) {
    expr = parse_filter(std::move(expr));
    nested.deeper(1);
    starts_inline = false;
  }
  return expr;
}

ExprPtr ExpressionParser::parse_test(ExprPtr value) {
  const auto place = tokens_.next().place;
  const bool negated = tokens_.skip_name("not");
  auto expr = make(ExprKind::test, tokens_.current().place, std::move(value));
  expr->text = parse_dotted_name();
  expr->function = find_test(expr->text);
  const auto& token = tokens_.current();
  const bool starts_value = token.is(Token::Kind::name) || token.is(Token::Kind::string) ||
                            token.is(Token::Kind::integer) || token.is(Token::Kind::floating) || token.is_op("[") ||
                            token.is_op("{");
  if (token.is_op("(")) {
    expr->arguments = parse_arguments();
  } else if (starts_value && !token.is_name("else") && !token.is_name("or") && !token.is_name("and")) {
    if (token.is_name("is")) tokens_.fail("You cannot chain multiple tests with is");
    const Nested nested(*this, 1);
    expr->arguments = std::make_unique<CallArguments>();
    expr->arguments->positional.push_back(parse_postfix(parse_primary()));
  }
  return negated ? make(ExprKind::logical_not, place, std::move(expr)) : std::move(expr);
}

}  // namespace berth::jinja
