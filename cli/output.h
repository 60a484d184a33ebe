/// Standard output, whose failures count, and notes on standard error.
#pragma once

#include <stdexcept>
#include <string_view>

namespace berth::cli {

/// Standard output cannot be written.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes to standard output. Throws OutputError.
void print(std::string_view text);
/// Hands on what print() still holds. Throws OutputError.
void flush();

enum class Note { plain, error };
/// One line on standard error: "berth: TEXT" or "berth: error: TEXT". It never fails.
void note(std::string_view text, Note kind = Note::plain);

bool input_is_terminal();
bool output_is_terminal();
bool error_is_terminal();

}  // namespace berth::cli
