/// Python's regular expressions in the words of PCRE2.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

struct Pcre2Pattern {
  std::string text;
  std::vector<std::size_t> origin;  ///< for each byte of `text`, where it comes from; one more for the end
  bool ascii = false;               ///< of the flag (?a): \w, \d, \s and \b know ASCII only
};

/// The pattern with what PCRE2 writes in another way: the flags (?a) and (?u) at its start, \Z, \v, \uXXXX, \UXXXXXXXX,
/// "{,n}", and "[" inside of a class. What PCRE2 alone knows, such as \K or (*VERB), is refused as Python refuses it.
/// Throws std::invalid_argument with the position of the mistake.
Pcre2Pattern from_python_pattern(std::string_view pattern);

/// "The regular expression '...' is wrong at position 3: ..."
std::string pattern_error(std::string_view pattern, std::size_t position, std::string_view reason);

}  // namespace berth
