/// Ends of sentences by Punkt: Kiss and Strunk, Unsupervised Multilingual Sentence Boundary Detection (2006), as
/// nltk.tokenize.punkt of NLTK 3.10.4 and the models of its package punkt_tab have it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace berth::tokenizing {

/// What was learned of a language. Words are in lower case, a number is "##number##".
struct PunktModel {
  /// How a word was seen: flags of a value of `contexts`.
  enum Seen : unsigned {
    upper_at_start = 2,
    upper_inside = 4,
    upper_anywhere = 8,
    lower_at_start = 16,
    lower_inside = 32,
    lower_anywhere = 64,
    upper = upper_at_start | upper_inside | upper_anywhere,
    lower = lower_at_start | lower_inside | lower_anywhere
  };

  std::set<std::string, std::less<>> abbreviations;  ///< without the period that ends them
  std::set<std::string, std::less<>> collocations;   ///< two words with a tab between them: no sentence ends there
  std::set<std::string, std::less<>> starters;       ///< words that often start a sentence
  std::map<std::string, unsigned, std::less<>> contexts;
};

/// A part of a text, in bytes.
struct TextSpan {
  std::size_t begin;
  std::size_t end;
};

/// The sentences of a text, none of them empty. As Haystack has it, the white space after a sentence belongs to it; what
/// stands after a quote or bracket that closes a sentence, and at the end of the text, belongs to none.
/// The time is linear in the size of the text.
std::vector<TextSpan> punkt_sentences(const PunktModel& model, std::string_view text);

/// Reads the files of a language: abbrev_types.txt, collocations.tab, sent_starters.txt and ortho_context.tab.
/// Throws FormatError, which names file and line, for what is missing, malformed or not UTF-8, and beyond 64 MiB.
PunktModel read_punkt(const std::filesystem::path& folder);

}  // namespace berth::tokenizing
