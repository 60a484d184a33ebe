/// Words as Punkt's sentence tokenizer cuts them: nltk.tokenize.punkt.PunktLanguageVars of NLTK 3.10.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text/utf8.h"

namespace berth::tokenizing {

/// The character at `at`, which must lie within `text`; U+FFFD where it is not UTF-8.
Utf8Character utf8_at(std::string_view text, std::size_t at);

/// Whether a word ends before this character: quotes, brackets, and most punctuation, but no period and no comma.
bool ends_punkt_word(std::uint32_t code);

/// Brackets and quotes that close, though some of them open elsewhere; they may follow the end of a sentence.
bool is_punkt_closer(std::uint32_t code);

/// Where the white space of Python's `str` that starts at `at` ends.
std::size_t after_python_space(std::string_view text, std::size_t at);

/// Where what is no white space of Python's `str` ends.
std::size_t before_python_space(std::string_view text, std::size_t at);

/// The words of a text one by one, each line by itself. They are parts of the text.
class PunktWords {
 public:
  explicit PunktWords(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> next();

 private:
  bool take_line();
  std::string_view take_word();

  std::string_view rest_;
  std::string_view line_;
  bool at_end_ = false;
};

/// The word in lower case, and "##number##" for what is a number.
std::string punkt_type(std::string_view word);

/// A letter with a period: "J."
bool is_punkt_initial(std::string_view word);

/// Periods only, at least two of them.
bool is_punkt_ellipsis(std::string_view word);

}  // namespace berth::tokenizing
