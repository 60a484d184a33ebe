/// Why a template cannot be parsed or rendered.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace berth {

/// what() tells the place, too.
class TemplateError : public std::invalid_argument {
 public:
  /// By the exception that Python's jinja2 raises.
  enum class Kind : std::uint8_t {
    syntax,         ///< TemplateSyntaxError: no template, or a filter, test or tag that does not exist
    undefined,      ///< UndefinedError
    security,       ///< SecurityError: the sandbox forbids it
    type,           ///< TypeError
    value,          ///< ValueError
    zero_division,  ///< ZeroDivisionError
    other           ///< anything else, also a limit of Berth's
  };

  TemplateError(Kind kind, const std::string& message, std::uint32_t line, std::uint32_t column)
      : std::invalid_argument(message), kind_(kind), line_(line), column_(column) {}

  Kind kind() const { return kind_; }
  std::uint32_t line() const { return line_; }      ///< from 1; 0 where it is not known
  std::uint32_t column() const { return column_; }  ///< in characters, from 1; 0 where it is not known

 private:
  Kind kind_;
  std::uint32_t line_;
  std::uint32_t column_;
};

}  // namespace berth
