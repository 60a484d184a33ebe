/// An inverted index for BM25: for each term the documents that have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "berth/ordered_map.h"

namespace berth {

enum class Bm25Algorithm { okapi, l, plus };

struct Bm25Parameters {
  Bm25Algorithm algorithm;
  double k1;
  double b;
  double epsilon;
  double delta;
};

/// The tokens of one text, counted.
struct TokenCounts {
  std::unordered_map<std::string, std::uint32_t> counts;
  std::uint32_t length = 0;  ///< all tokens
};

/// Documents are slots, numbered from 0 as they are added. Not safe for writes beside reads.
///
/// Scores are those of Haystack's InMemoryDocumentStore, computed in its order of operations, so that ties are ties here
/// too. Like there, a term that no document has any more stays in the vocabulary.
class Bm25Index {
 public:
  using Slot = std::uint32_t;
  struct Hit {
    Slot slot;
    double score;
  };

  Slot add(const TokenCounts& tokens);
  void remove(Slot slot);

  std::size_t slot_count() const { return lengths_.size(); }  ///< those of removed documents among them
  bool is_removed(Slot slot) const { return lengths_[slot] == removed; }

  /// Numbers the slots anew, without those of removed documents, in the same order.
  void compact();

  /// The best `top_k` of the documents that are `allowed`, also those without any of the terms: highest score first,
  /// then in the order of slots. Terms count once. Throws std::invalid_argument where parameters lead to no score.
  std::vector<Hit> search(const std::vector<std::string>& terms, const Bm25Parameters& parameters, std::size_t top_k,
                          const std::function<bool(Slot)>& allowed) const;

 private:
  using Term = std::uint32_t;
  static constexpr std::uint32_t removed = static_cast<std::uint32_t>(-1);

  struct Posting {
    Slot slot;
    std::uint32_t count;
  };
  struct NameHash {
    std::size_t operator()(const std::string& name) const { return hash_name(name); }
  };
  struct QueryTerm {
    Term term;
    double idf;
  };

  Term term_of(const std::string& text);
  void set_frequency(Term term, std::uint32_t frequency);
  std::vector<QueryTerm> query_terms(const std::vector<std::string>& terms, const Bm25Parameters& parameters) const;
  double idf(double documents, Bm25Algorithm algorithm) const;
  double okapi_floor(double epsilon) const;

  std::unordered_map<std::string, Term, NameHash> terms_;
  std::vector<std::vector<Posting>> postings_;  // by term, in the order of slots; those of removed ones too
  std::vector<std::uint32_t> frequencies_;      // by term: in how many documents it is
  std::vector<std::size_t> of_frequency_;       // how many terms have each frequency
  std::vector<std::uint32_t> lengths_;          // by slot
  std::vector<std::vector<Term>> terms_of_;     // by slot
  std::size_t document_count_ = 0;
  double average_length_ = 0;
};

}  // namespace berth
