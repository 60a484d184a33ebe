/// The words of a text, as BM25 counts them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document_store/bm25_index.h"
#include "text/regex.h"

namespace berth {

/// What a regular expression of Python's finds in the text in lower case, as re.findall() gives it: its only group where
/// it has one. Immutable.
class Bm25Tokenizer {
 public:
  explicit Bm25Tokenizer(std::string_view pattern) : regex_(pattern) {}  ///< throws std::invalid_argument

  std::vector<std::string> tokens(std::string_view text) const;
  TokenCounts count(std::string_view text) const;

 private:
  Regex regex_;
};

}  // namespace berth
