/// Abbreviations with which Haystack extends those that Punkt has learned.
#pragma once

#include <string_view>

namespace berth {

// In lower case, without the period, with blanks and ends of lines between them.
extern const std::string_view english_abbreviations;
extern const std::string_view german_abbreviations;

}  // namespace berth
