/// What stops the parsing or the rendering of a template.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "jinja/template_error.h"

namespace berth::jinja {

/// Line and column, from 1, the column in characters; 0 where it is not known.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// Inside the interpreter; becomes a TemplateError at its edge.
class Failure : public std::exception {
 public:
  using Kind = TemplateError::Kind;
  Failure(Kind of, std::string text, Place at = {}) : kind(of), message(std::move(text)), place(at) {}
  const char* what() const noexcept override { return message.c_str(); }

  Kind kind;
  std::string message;
  Place place;
};

[[noreturn]] inline void fail(Failure::Kind kind, std::string message) { throw Failure(kind, std::move(message)); }
[[noreturn]] inline void type_error(std::string message) { fail(Failure::Kind::type, std::move(message)); }
[[noreturn]] inline void value_error(std::string message) { fail(Failure::Kind::value, std::move(message)); }
[[noreturn]] inline void other_error(std::string message) { fail(Failure::Kind::other, std::move(message)); }

}  // namespace berth::jinja
