/// Templates cut into tokens, as jinja2 does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jinja/environment.h"
#include "jinja/failure.h"

namespace berth::jinja {

struct Token {
  enum class Kind : std::uint8_t {
    data,
    variable_begin,
    variable_end,
    block_begin,
    block_end,
    name,
    string,
    integer,
    floating,
    op,
    end
  };
  Kind kind;
  Place place;
  std::string text;  ///< of data and texts what they stand for; of names, numbers and operators as they are written

  bool is(Kind other) const { return kind == other; }
  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
  bool is_op(std::string_view op) const { return kind == Kind::op && text == op; }
};

/// Throws a Failure of the kind syntax.
std::vector<Token> tokenize(std::string_view source, const Environment& environment);

}  // namespace berth::jinja
