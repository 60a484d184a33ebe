/// The tokens that a parser goes through.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/token.h"

namespace berth::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  const Token& next() {
    const auto& token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }

  bool skip_name(std::string_view name) { return skip_if(current().is_name(name)); }
  bool skip_op(std::string_view op) { return skip_if(current().is_op(op)); }

  const Token& expect_op(std::string_view op) {
    if (!current().is_op(op)) unexpected(op);
    return next();
  }
  const Token& expect_name(std::string_view name) {
    if (!current().is_name(name)) unexpected(name);
    return next();
  }
  const Token& expect(Token::Kind kind, std::string_view what) {
    if (!current().is(kind)) unexpected(what);
    return next();
  }

  [[noreturn]] void unexpected(std::string_view expected) const {
    if (current().is(Token::Kind::end)) fail(fmt::format("unexpected end of template, expected '{}'.", expected));
    fail(fmt::format("expected token '{}', got '{}'", expected, shown()));
  }

  /// The current token as messages name it.
  std::string shown() const {
    switch (current().kind) {
      case Token::Kind::end:
        return "end of template";
      case Token::Kind::variable_end:
        return "end of print statement";
      case Token::Kind::block_end:
        return "end of statement block";
      default:
        return current().text;
    }
  }

  [[noreturn]] void fail(std::string message) const { fail(std::move(message), current().place); }
  [[noreturn]] static void fail(std::string message, Place place) {
    throw Failure(Failure::Kind::syntax, std::move(message), place);
  }

 private:
  bool skip_if(bool holds) {
    if (holds) next();
    return holds;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace berth::jinja
