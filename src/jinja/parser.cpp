#include "jinja/parser.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <unordered_map>
#include <utility>

#include "jinja/check_functions.h"
#include "jinja/expression_parser.h"
#include "jinja/symbols.h"
#include "text/unicode.h"

namespace berth::jinja {
namespace {

constexpr int max_statement_depth = 32;

using StmtKind = Stmt::Kind;
using Ends = std::initializer_list<std::string_view>;

class Parser {
 public:
  Parser(std::string_view source, const Environment& environment, Ast& ast)
      : tokens_(tokenize(source, environment)),
        environment_(environment),
        ast_(ast),
        expressions_(tokens_, environment, ast) {}

  Body parse() { return parse_body({}, ""); }

 private:
  StmtPtr make(StmtKind kind, Place place) const {
    auto stmt = std::make_unique<Stmt>();
    stmt->kind = kind;
    stmt->place = place;
    return stmt;
  }

  /// Statements up to a tag of `ends`, which stays, or to the end of the template where there are none.
  Body parse_body(Ends ends, std::string_view tag) {
    if (depth_ > max_statement_depth)
      tokens_.fail(fmt::format("statements are nested more than {} deep", max_statement_depth));
    ++depth_;
    Body body;
    while (true) {
      const auto& token = tokens_.current();
      if (token.is(Token::Kind::end)) {
        if (ends.size() > 0)
          tokens_.fail(fmt::format("Unexpected end of template. The block that needs to be closed is '{}'.", tag));
        break;
      }
      if (token.is(Token::Kind::data)) {
        auto stmt = make(StmtKind::text, token.place);
        stmt->text = tokens_.next().text;
        body.push_back(std::move(stmt));
      } else if (token.is(Token::Kind::variable_begin)) {
        auto stmt = make(StmtKind::print, tokens_.next().place);
        stmt->expr = expressions_.parse_tuple();
        tokens_.expect(Token::Kind::variable_end, "end of print statement");
        body.push_back(std::move(stmt));
      } else {
        tokens_.next();
        const auto& name = tokens_.current();
        if (std::ranges::any_of(ends, [&](std::string_view end) { return name.is_name(end); })) break;
        parse_statement(body);
        tokens_.expect(Token::Kind::block_end, "end of statement block");
      }
    }
    --depth_;
    return body;
  }

  /// What stands between this tag and a tag of `ends`; goes behind the name of that.
  Body parse_block(Ends ends, std::string_view tag) {
    tokens_.skip_op(":");
    tokens_.expect(Token::Kind::block_end, "end of statement block");
    auto body = parse_body(ends, tag);
    end_tag_ = tokens_.next().text;
    return body;
  }

  /// What is a function of its own in Python: no loop around it can be left from within.
  Body parse_apart(Ends ends, std::string_view tag) {
    const auto loops = std::exchange(loops_, 0);
    auto parsed = parse_block(ends, tag);
    loops_ = loops;
    return parsed;
  }

  void parse_statement(Body& body) {
    const auto token = tokens_.current();
    if (!token.is(Token::Kind::name)) tokens_.fail("tag name expected");
    static const std::unordered_map<std::string_view, StmtPtr (Parser::*)()> statements = {
        {"autoescape", &Parser::parse_autoescape},
        {"block", &Parser::parse_named_block},
        {"call", &Parser::parse_call},
        {"extends", &Parser::parse_extends},
        {"filter", &Parser::parse_filter},
        {"for", &Parser::parse_for},
        {"from", &Parser::parse_from},
        {"if", &Parser::parse_if},
        {"import", &Parser::parse_import},
        {"include", &Parser::parse_include},
        {"macro", &Parser::parse_macro},
        {"set", &Parser::parse_set},
        {"with", &Parser::parse_with}};
    if (token.text == "print") return parse_print(body);
    const auto known = statements.find(token.text);
    if (known != statements.end()) {
      body.push_back((this->*known->second)());
    } else if (environment_.loop_controls() && (token.text == "break" || token.text == "continue")) {
      if (loops_ == 0) tokens_.fail(fmt::format("'{}' outside loop", token.text));
      tokens_.next();
      body.push_back(make(token.text == "break" ? StmtKind::loop_break : StmtKind::loop_continue, token.place));
    } else if (environment_.chat && token.text == "generation") {
      auto stmt = make(StmtKind::scope, tokens_.next().place);
      const auto macros = macros_;
      stmt->body = parse_apart({"endgeneration"}, token.text);
      stmt->keeps_scope = macros_ != macros;
      body.push_back(std::move(stmt));
    } else if (environment_.messages && token.text == "message") {
      body.push_back(parse_message());
    } else {
      tokens_.fail(fmt::format("Encountered unknown tag '{}'.", token.text));
    }
  }

  void parse_print(Body& body) {
    tokens_.next();
    for (bool first = true; !tokens_.current().is(Token::Kind::block_end); first = false) {
      if (!first) tokens_.expect_op(",");
      auto stmt = make(StmtKind::print, tokens_.current().place);
      stmt->expr = expressions_.parse_expression();
      body.push_back(std::move(stmt));
    }
  }

  StmtPtr parse_set() {
    auto stmt = make(StmtKind::set, tokens_.next().place);
    stmt->target = expressions_.parse_target(true);
    if (inside_loops_ > 0) check_not_loop(*stmt->target);
    if (tokens_.skip_op("=")) {
      stmt->expr = expressions_.parse_tuple();
      return stmt;
    }
    stmt->kind = StmtKind::set_block;
    stmt->expr = expressions_.parse_block_filters(false);
    const auto macros = macros_;
    stmt->body = parse_block({"endset"}, "set");
    stmt->keeps_scope = macros_ != macros;
    return stmt;
  }

  StmtPtr parse_for() {
    auto stmt = make(StmtKind::for_loop, tokens_.next().place);
    stmt->target = expressions_.parse_target();
    check_not_loop(*stmt->target);
    tokens_.expect_name("in");
    stmt->expr = expressions_.parse_tuple(false);
    if (tokens_.skip_name("if")) stmt->test = expressions_.parse_expression();
    stmt->recursive = tokens_.skip_name("recursive");
    const auto reads = expressions_.reads("loop");
    const auto macros = macros_;
    const auto blocks = scoped_blocks_;
    const auto loops = loops_;
    loops_ = stmt->recursive ? 1 : loops + 1;
    ++inside_loops_;
    stmt->body = parse_block({"endfor", "else"}, "for");
    loops_ = loops;
    stmt->uses_loop = stmt->recursive || expressions_.reads("loop") != reads || scoped_blocks_ != blocks;
    if (end_tag_ == "else") {
      if (stmt->recursive) loops_ = 0;
      stmt->other = parse_block({"endfor"}, "for");
      loops_ = loops;
    }
    --inside_loops_;
    // The loop itself can be kept, and called or asked for its next item later.
    macros_ += stmt->recursive || (stmt->uses_loop && stmt->test) ? 1 : 0;
    stmt->keeps_scope = macros_ != macros;
    return stmt;
  }

  void check_not_loop(const Expr& target) {
    if (target.kind == Expr::Kind::name && ast_.names[target.name] == "loop")
      tokens_.fail("Can't assign to special loop variable in for-loop target", target.place);
    for (const auto& part : target.parts) check_not_loop(*part);
  }

  StmtPtr parse_if() {
    auto stmt = make(StmtKind::if_else, tokens_.next().place);
    while (true) {
      auto& branch = stmt->branches.emplace_back();
      branch.test = expressions_.parse_tuple(false);
      branch.body = parse_block({"elif", "else", "endif"}, "if");
      if (end_tag_ == "elif") continue;
      if (end_tag_ == "else") stmt->other = parse_block({"endif"}, "if");
      return stmt;
    }
  }

  StmtPtr parse_with() {
    auto stmt = make(StmtKind::with, tokens_.next().place);
    while (!tokens_.current().is(Token::Kind::block_end)) {
      if (!stmt->pairs.empty()) tokens_.expect_op(",");
      auto target = expressions_.parse_target();
      tokens_.expect_op("=");
      stmt->pairs.emplace_back(std::move(target), expressions_.parse_expression());
    }
    const auto macros = macros_;
    stmt->body = parse_block({"endwith"}, "with");
    stmt->keeps_scope = macros_ != macros;
    return stmt;
  }

  void parse_signature(MacroSignature& signature) {
    tokens_.expect_op("(");
    while (!tokens_.current().is_op(")")) {
      if (!signature.parameters.empty()) tokens_.expect_op(",");
      const auto& name = tokens_.expect(Token::Kind::name, "name").text;
      const auto id = expressions_.name_id(name);
      if (std::ranges::find(signature.parameters, id) != signature.parameters.end())
        tokens_.fail(fmt::format("duplicate argument '{}' in function definition", name));
      signature.parameters.push_back(id);
      if (tokens_.skip_op("="))
        signature.defaults.push_back(expressions_.parse_expression());
      else if (!signature.defaults.empty())
        tokens_.fail("non-default argument follows default argument");
    }
    tokens_.expect_op(")");
  }

  /// The body of a macro, which decides about what its signature takes besides.
  void parse_macro_body(Stmt& stmt, std::string_view end, std::string_view tag) {
    ++macros_;
    static constexpr std::array specials = {"caller", "kwargs", "varargs"};
    std::array<std::size_t, 3> reads{};
    for (std::size_t i = 0; i < specials.size(); ++i) reads[i] = expressions_.reads(specials[i]);
    const auto macros = macros_;
    stmt.body = parse_apart({end}, tag);
    stmt.keeps_scope = macros_ != macros;
    auto& signature = *stmt.signature;
    const auto takes = [&](std::size_t special) {
      if (expressions_.reads(specials[special]) == reads[special]) return false;
      const auto parameter = std::ranges::find(signature.parameters, expressions_.name_id(specials[special])) -
                             signature.parameters.begin();
      const auto count = signature.parameters.size();
      if (static_cast<std::size_t>(parameter) == count) return true;
      if (special == 0 && static_cast<std::size_t>(parameter) < count - signature.defaults.size())
        tokens_.fail("the special \"caller\" argument of a macro must be omitted or be given a default", stmt.place);
      return false;
    };
    signature.takes_caller = takes(0);
    signature.takes_named = takes(1);
    signature.takes_positional = takes(2);
  }

  StmtPtr parse_macro() {
    auto stmt = make(StmtKind::macro, tokens_.next().place);
    stmt->signature = std::make_unique<MacroSignature>();
    stmt->signature->name = tokens_.expect(Token::Kind::name, "name").text;
    stmt->name = expressions_.name_id(stmt->signature->name);
    parse_signature(*stmt->signature);
    parse_macro_body(*stmt, "endmacro", "macro");
    return stmt;
  }

  StmtPtr parse_call() {
    auto stmt = make(StmtKind::call_block, tokens_.next().place);
    stmt->signature = std::make_unique<MacroSignature>();
    stmt->signature->name = "caller";
    if (tokens_.current().is_op("(")) parse_signature(*stmt->signature);
    stmt->expr = expressions_.parse_expression();
    if (stmt->expr->kind != Expr::Kind::call) tokens_.fail("expected call", stmt->place);
    parse_macro_body(*stmt, "endcall", "call");
    return stmt;
  }

  StmtPtr parse_filter() {
    auto stmt = make(StmtKind::filter_block, tokens_.next().place);
    stmt->expr = expressions_.parse_block_filters(true);
    const auto macros = macros_;
    stmt->body = parse_block({"endfilter"}, "filter");
    stmt->keeps_scope = macros_ != macros;
    return stmt;
  }

  StmtPtr parse_autoescape() {
    auto stmt = make(StmtKind::autoescape, tokens_.next().place);
    stmt->expr = expressions_.parse_expression();
    const auto macros = macros_;
    stmt->body = parse_block({"endautoescape"}, "autoescape");
    stmt->keeps_scope = macros_ != macros;
    return stmt;
  }

  StmtPtr parse_named_block() {
    auto stmt = make(StmtKind::block, tokens_.next().place);
    stmt->text = tokens_.expect(Token::Kind::name, "name").text;
    stmt->scoped = tokens_.skip_name("scoped");
    stmt->required = tokens_.skip_name("required");
    if (tokens_.current().is_op("-"))
      tokens_.fail("Block names have to be identifiers: they may not contain hyphens, use an underscore instead.");
    if (!ast_.blocks.emplace(stmt->text, stmt.get()).second)
      tokens_.fail(fmt::format("block '{}' defined twice", stmt->text), stmt->place);
    scoped_blocks_ += stmt->scoped ? 1 : 0;
    ++macros_;
    const auto macros = macros_;
    stmt->body = parse_apart({"endblock"}, "block");
    stmt->keeps_scope = macros_ != macros;
    if (stmt->required)
      for (const auto& part : stmt->body)
        if (part->kind != StmtKind::text || !without_space(part->text).empty())
          tokens_.fail("Required blocks can only contain comments or whitespace", stmt->place);
    tokens_.skip_name(stmt->text);
    return stmt;
  }

  StmtPtr parse_load() {
    auto stmt = make(StmtKind::load, tokens_.next().place);
    stmt->expr = expressions_.parse_expression();
    return stmt;
  }

  StmtPtr parse_extends() {
    auto stmt = parse_load();
    stmt->text = "extends";
    return stmt;
  }

  void skip_context() {
    const auto& token = tokens_.current();
    if ((!token.is_name("with") && !token.is_name("without")) || !tokens_.ahead().is_name("context")) return;
    tokens_.next();
    tokens_.next();
  }

  StmtPtr parse_include() {
    auto stmt = parse_load();
    stmt->text = "include";
    if (tokens_.current().is_name("ignore") && tokens_.ahead().is_name("missing")) {
      tokens_.next();
      tokens_.next();
      stmt->ignores_missing = true;
    }
    skip_context();
    return stmt;
  }

  StmtPtr parse_import() {
    auto stmt = parse_load();
    tokens_.expect_name("as");
    declare_import(*stmt, tokens_.expect(Token::Kind::name, "name").text);
    skip_context();
    return stmt;
  }

  StmtPtr parse_from() {
    auto stmt = parse_load();
    tokens_.expect_name("import");
    while (true) {
      if (!tokens_.current().is(Token::Kind::name)) tokens_.unexpected("name");
      if ((tokens_.current().is_name("with") || tokens_.current().is_name("without")) &&
          tokens_.ahead().is_name("context")) {
        skip_context();
        break;
      }
      auto name = tokens_.next().text;
      if (name.starts_with('_')) tokens_.fail("names starting with an underline can not be imported");
      if (tokens_.skip_name("as")) name = tokens_.expect(Token::Kind::name, "name").text;
      declare_import(*stmt, name);
      skip_context();
      if (!tokens_.skip_op(",")) break;
    }
    return stmt;
  }

  void declare_import(Stmt& stmt, const std::string& name) {
    auto target = std::make_unique<Expr>();
    target->kind = Expr::Kind::name;
    target->place = stmt.place;
    target->name = expressions_.name_id(name);
    stmt.pairs.emplace_back(std::move(target), nullptr);
  }

  /// A literal is looked at when the template is made; what is only known later, when it is rendered.
  void check_message_argument(std::string_view name, const Expr& given) {
    const bool is_literal = given.kind == Expr::Kind::constant;
    static constexpr std::array<std::string_view, 4> roles = {"user", "system", "assistant", "tool"};
    if (name == "role" && is_literal &&
        (!given.value.is_string() || std::ranges::find(roles, given.value.string().bytes) == roles.end()))
      tokens_.fail(fmt::format("Role must be one of: {}", fmt::join(roles, ", ")), given.place);
    if (name == "name" && is_literal && !given.value.is_string()) tokens_.fail("name must be a string", given.place);
    if (name == "meta" && given.kind != Expr::Kind::dict) tokens_.fail("meta must be a dictionary", given.place);
  }

  StmtPtr parse_message() {
    auto stmt = make(StmtKind::message, tokens_.next().place);
    stmt->arguments = std::make_unique<CallArguments>();
    while (!tokens_.current().is(Token::Kind::block_end)) {
      auto name = tokens_.expect(Token::Kind::name, "name").text;
      if (name != "role" && name != "name" && name != "meta")
        tokens_.fail(fmt::format("a message has a role, a name and meta, and no '{}'", name));
      tokens_.expect_op("=");
      auto given = expressions_.parse_expression();
      check_message_argument(name, *given);
      stmt->arguments->named.emplace_back(std::move(name), std::move(given));
    }
    if (std::ranges::find(stmt->arguments->named, "role", [](const auto& each) { return each.first; }) ==
        stmt->arguments->named.end())
      tokens_.fail("A message needs a role", stmt->place);
    const auto macros = macros_;
    stmt->body = parse_apart({"endmessage"}, "message");
    stmt->keeps_scope = macros_ != macros;
    return stmt;
  }

  TokenStream tokens_;
  const Environment& environment_;
  Ast& ast_;
  ExpressionParser expressions_;
  std::string end_tag_;
  int depth_ = 0;
  int loops_ = 0;           // around, as far as they can be left
  int inside_loops_ = 0;    // around, also those outside of a macro
  std::size_t macros_ = 0;  // so far, and what else keeps scopes
  std::size_t scoped_blocks_ = 0;
};

}  // namespace

std::unique_ptr<const Ast> parse(std::string_view source, const Environment& environment) {
  auto ast = std::make_unique<Ast>();
  ast->body = Parser(source, environment, *ast).parse();
  if (environment.checks_functions) check_functions(ast->body);
  resolve_names(*ast);
  return ast;
}

}  // namespace berth::jinja
