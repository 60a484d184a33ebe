/// Sentences as Haystack's SentenceSplitter has them: NLTK's Punkt, more abbreviations, and rules that join what it splits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "berth/call_context.h"
#include "tokenizer/punkt.h"

namespace berth {

struct SentenceRules {
  std::string language = "en";  ///< by ISO 639; English where Punkt has no model for it
  bool use_split_rules = true;
  bool extend_abbreviations = true;
};

/// Immutable; safe to use from several threads.
class SentenceSplitter {
 public:
  /// Reads the model of the language from where NLTK has installed it. Warns where there is none for that language, or no
  /// list of abbreviations. Throws ModelNotFound for problem_of(), and FormatError for a file that is broken.
  explicit SentenceSplitter(SentenceRules rules, const CallContext& context = {});

  /// Where the model was looked for and what to do, where it is not installed.
  static std::optional<std::string> problem_of(const std::string& language);

  /// The sentences, as parts of `text`.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  SentenceRules rules_;
  tokenizing::PunktModel model_;
};

}  // namespace berth
