#include "jinja/tokens.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "text/regex.h"

namespace berth {
namespace {

using ::jinja::token;

constexpr std::string_view blanks = " \t\n\r\f\v";
/// Parser and runtime call themselves for what is nested: enough for any prompt, and far from the end of the stack.
constexpr int max_nested_blocks = 32;
constexpr int max_operators = 200;

bool opens_tag(const token& token) {
  return token.t == token::open_statement || token.t == token::open_expression || token.t == token::comment;
}

bool closes_tag(const token& token) { return token.t == token::close_statement || token.t == token::close_expression; }

bool strips_before(const token& token) {
  return token.t == token::comment ? token.value.starts_with('-') : token.value.ends_with('-');
}

bool strips_after(const token& token) {
  return token.t == token::comment ? token.value.ends_with('-') : token.value.starts_with('-');
}

/// Line ends as jinja2 sees them, the one at the very end left out.
std::string normalized(const std::string& source) {
  std::string text;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    text += source[i] == '\r' ? '\n' : source[i];
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string_view stripped(std::string_view text, bool start, bool end) {
  if (start) text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  if (end) text = text.substr(0, text.find_last_not_of(blanks) + 1);
  return text;
}

/// The tokens of a part of a template, which starts at `offset`.
void append_tokens(std::vector<token>& tokens, std::string_view part, std::size_t offset) {
  // The lexer takes a line end at the end away.
  for (auto& token : ::jinja::lexer().tokenize(std::string(part) + '\n').tokens) {
    token.pos += offset;
    tokens.push_back(std::move(token));
  }
}

/// The lexer knows no {% raw %}: here such a block is an expression, a string.
std::vector<token> tokens_of(const std::string& source) {
  static const Regex raw(R"((?s)\{%([-+]?)\s*raw\s*([-+]?)%\}(.*?)\{%([-+]?)\s*endraw\s*([-+]?)%\})");
  std::vector<token> tokens;
  std::size_t start = 0;
  raw.for_each_match(source, [&](const RegexMatch& block) {
    append_tokens(tokens, std::string_view(source).substr(start, block.begin - start), start);
    const std::string open = block.group(1) == "-" ? "{{-" : "{{";
    const std::string close = block.group(5) == "-" ? "-}}" : "}}";
    tokens.push_back({token::open_expression, open, block.begin});
    tokens.push_back({token::string_literal,
                      std::string(stripped(block.group(3), block.group(2) == "-", block.group(4) == "-")),
                      block.begin});
    tokens.push_back({token::close_expression, close, block.end - close.size()});
    start = block.end;
  });
  append_tokens(tokens, std::string_view(source).substr(start), start);
  return tokens;
}

/// Whether the token is the "+" in "{%+" or "+%}", which asks for what is so anyway.
bool is_mark(const std::vector<token>& tokens, std::size_t at) {
  if (tokens[at].value != "+") return false;
  const bool opening = at > 0 && tokens[at - 1].t == token::open_statement && tokens[at - 1].pos + 2 == tokens[at].pos;
  const bool closing =
      at + 1 < tokens.size() && tokens[at + 1].t == token::close_statement && tokens[at].pos + 1 == tokens[at + 1].pos;
  return opening || closing;
}

/// `tokens` with the text between tags as it stands in `source`.
std::vector<token> with_whole_texts(const std::vector<token>& tokens, const std::string& source) {
  std::vector<token> whole;
  std::size_t start = 0;  // of the text after the last tag
  bool strip = false;
  const auto add_text = [&](std::size_t end, bool strip_end) {
    const auto text = stripped(std::string_view(source).substr(start, end - start), strip, strip_end);
    if (!text.empty()) whole.push_back({token::text, std::string(text), start});
  };
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    if (token.t == token::text || is_mark(tokens, i)) continue;
    if (opens_tag(token)) add_text(token.pos, strips_before(token));
    whole.push_back(token);
    if (closes_tag(token) || token.t == token::comment) {
      start = token.pos + token.value.size() + (token.t == token::comment ? 4 : 0);
      strip = strips_after(token);
    }
  }
  add_text(source.size(), false);
  return whole;
}

bool is_word(const std::vector<token>& tokens, std::size_t at, std::string_view word) {
  return at < tokens.size() && tokens[at].t == token::identifier && tokens[at].value == word;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  for (const auto each : words)
    if (each == word) return true;
  return false;
}

bool is_operator(const token& token) {
  switch (token.t) {
    case token::open_paren:
    case token::open_square_bracket:
    case token::open_curly_bracket:
    case token::dot:
    case token::pipe:
    case token::additive_binary_operator:
    case token::multiplicative_binary_operator:
    case token::comparison_binary_operator:
    case token::unary_operator:
      return true;
    case token::identifier:
      return is_one_of(token.value, {"and", "or", "not", "in", "is", "if"});
    default:
      return false;
  }
}

void check_depth(const std::vector<token>& tokens) {
  std::vector<int> blocks;  // how deep each open block is by itself: an {% elif %} stands in the block before it
  int nested = 0;
  int operators = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (opens_tag(tokens[i])) operators = 0;
    if (is_operator(tokens[i]) && ++operators > max_operators)
      throw std::runtime_error("an expression has more than 200 operators: take it apart with {% set %}");
    if (tokens[i].t != token::open_statement || i + 1 == tokens.size()) continue;
    const std::string_view word = tokens[i + 1].value;
    if (is_one_of(word, {"if", "for", "macro", "call", "filter", "set", "message"})) {
      blocks.push_back(1);
      ++nested;
    } else if (word == "elif" && !blocks.empty()) {
      ++blocks.back();
      ++nested;
    } else if (word.starts_with("end") && !blocks.empty()) {
      nested -= blocks.back();
      blocks.pop_back();
    }
    if (word == "set") {  // a block only where it has no value
      std::size_t end = i;
      while (end < tokens.size() && tokens[end].t != token::close_statement && tokens[end].t != token::equals) ++end;
      if (end < tokens.size() && tokens[end].t == token::equals) {
        blocks.pop_back();
        --nested;
      }
    }
    if (nested > max_nested_blocks)
      throw std::runtime_error("blocks are nested more than 32 deep, each {% elif %} counted");
  }
}

/// {% message role="user" name="x" %} as {% call __message(role="user", name="x") %}.
std::vector<token> with_message_calls(const std::vector<token>& tokens) {
  std::vector<token> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    out.push_back(tokens[i]);
    if (tokens[i].t != token::open_statement) continue;
    if (is_word(tokens, i + 1, "endmessage")) {
      out.push_back({token::identifier, "endcall", tokens[++i].pos});
    } else if (is_word(tokens, i + 1, "message")) {
      const auto pos = tokens[++i].pos;
      if (!is_word(tokens, i + 1, "role")) throw std::runtime_error("a {% message %} block needs a role");
      out.push_back({token::identifier, "call", pos});
      out.push_back({token::identifier, message_function, pos});
      out.push_back({token::open_paren, "(", pos});
      for (++i; i < tokens.size() && tokens[i].t != token::close_statement; ++i) {
        const bool argument = i + 1 < tokens.size() && tokens[i + 1].t == token::equals;
        if (argument && out.back().t != token::open_paren) out.push_back({token::comma, ",", tokens[i].pos});
        out.push_back(tokens[i]);
      }
      out.push_back({token::close_paren, ")", pos});
      if (i < tokens.size()) out.push_back(tokens[i]);
    }
  }
  return out;
}

}  // namespace

::jinja::lexer_result tokenize_template(const std::string& source, bool messages) {
  ::jinja::lexer_result result;
  result.source = normalized(source);
  result.tokens = with_whole_texts(tokens_of(result.source), result.source);
  check_depth(result.tokens);
  if (messages) result.tokens = with_message_calls(result.tokens);
  return result;
}

}  // namespace berth
