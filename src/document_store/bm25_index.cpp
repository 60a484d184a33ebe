#include "document_store/bm25_index.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <unordered_set>

namespace berth {
namespace {

/// How often a term of that count in a document of that length tells for it.
double term_weight(const Bm25Parameters& p, double count, double relative_length) {
  const double norm = 1 - p.b + relative_length;
  switch (p.algorithm) {
    case Bm25Algorithm::okapi:
      return count * (1.0 + p.k1) / (count + p.k1 * norm);
    case Bm25Algorithm::l: {
      const double corrected = count / norm;
      return (1.0 + p.k1) * (corrected + p.delta) / (p.k1 + corrected + p.delta);
    }
    case Bm25Algorithm::plus:
      return count * (1.0 + p.k1) / (count + p.k1 * norm) + p.delta;
  }
  return 0;
}

/// The same for a document without the term, of any length.
double absent_weight(const Bm25Parameters& p) {
  switch (p.algorithm) {
    case Bm25Algorithm::okapi:
      return 0;
    case Bm25Algorithm::l:
      return (1.0 + p.k1) * p.delta / (p.k1 + p.delta);
    case Bm25Algorithm::plus:
      return p.delta;
  }
  return 0;
}

bool better(const Bm25Index::Hit& a, const Bm25Index::Hit& b) {
  return a.score > b.score || (a.score == b.score && a.slot < b.slot);
}

/// The best `size` of what is offered.
class Best {
 public:
  explicit Best(std::size_t size) : size_(size) {}

  bool wants(const Bm25Index::Hit& hit) const { return hits_.size() < size_ || better(hit, hits_.front()); }

  void add(const Bm25Index::Hit& hit) {
    if (hits_.size() == size_) {
      std::ranges::pop_heap(hits_, better);
      hits_.pop_back();
    }
    hits_.push_back(hit);
    std::ranges::push_heap(hits_, better);  // the worst in front
  }

  std::vector<Bm25Index::Hit> take() && {
    std::ranges::sort(hits_, better);
    return std::move(hits_);
  }

 private:
  std::size_t size_;
  std::vector<Bm25Index::Hit> hits_;
};

}  // namespace

Bm25Index::Term Bm25Index::term_of(const std::string& text) {
  const auto [at, is_new] = terms_.try_emplace(text, static_cast<Term>(postings_.size()));
  if (is_new) {
    postings_.emplace_back();
    frequencies_.push_back(0);
    if (of_frequency_.empty()) of_frequency_.resize(1);
    ++of_frequency_[0];
  }
  return at->second;
}

void Bm25Index::set_frequency(Term term, std::uint32_t frequency) {
  if (frequency >= of_frequency_.size()) of_frequency_.resize(frequency + std::size_t{1});
  --of_frequency_[frequencies_[term]];
  ++of_frequency_[frequency];
  frequencies_[term] = frequency;
}

Bm25Index::Slot Bm25Index::add(const TokenCounts& tokens) {
  if (lengths_.size() == removed) throw std::length_error("Too many documents");
  const auto slot = static_cast<Slot>(lengths_.size());
  std::vector<Term> terms;
  terms.reserve(tokens.counts.size());
  for (const auto& [text, count] : tokens.counts) {
    const auto term = term_of(text);
    postings_[term].push_back({slot, count});
    set_frequency(term, frequencies_[term] + 1);
    terms.push_back(term);
  }
  lengths_.push_back(tokens.length);
  terms_of_.push_back(std::move(terms));

  // Not a sum divided by a number: with Haystack's steps come Haystack's last digits.
  const auto n = static_cast<double>(++document_count_);
  average_length_ = (tokens.length + average_length_ * (n - 1)) / n;
  return slot;
}

void Bm25Index::remove(Slot slot) {
  for (const auto term : terms_of_[slot]) set_frequency(term, frequencies_[term] - 1);
  const double length = lengths_[slot];
  const auto left = static_cast<double>(--document_count_);
  average_length_ = document_count_ == 0 ? 0 : (average_length_ * (left + 1) - length) / left;
  lengths_[slot] = removed;
  terms_of_[slot] = {};
}

void Bm25Index::compact() {
  std::vector<Slot> renumbered(lengths_.size());
  Slot next = 0;
  for (Slot slot = 0; slot < lengths_.size(); ++slot) {
    renumbered[slot] = next;
    if (is_removed(slot)) continue;
    if (next != slot) terms_of_[next] = std::move(terms_of_[slot]);
    ++next;
  }
  for (auto& postings : postings_) {
    std::erase_if(postings, [&](const Posting& posting) { return is_removed(posting.slot); });
    for (auto& posting : postings) posting.slot = renumbered[posting.slot];
  }
  terms_of_.resize(next);
  std::erase(lengths_, removed);
}

double Bm25Index::idf(double documents, Bm25Algorithm algorithm) const {
  const auto all = static_cast<double>(document_count_);
  switch (algorithm) {
    case Bm25Algorithm::okapi:
      return std::log((all - documents + 0.5) / (documents + 0.5));
    case Bm25Algorithm::l:
      return std::log((all + 1.0) / (documents + 0.5));
    case Bm25Algorithm::plus:
      return std::log(1 + (all - documents + 0.5) / (documents + 0.5));
  }
  return 0;
}

/// What takes the place of a negative idf: a part of the mean over the vocabulary.
double Bm25Index::okapi_floor(double epsilon) const {
  double sum = 0;
  for (std::size_t frequency = 0; frequency < of_frequency_.size(); ++frequency)
    if (const auto terms = static_cast<double>(of_frequency_[frequency]); terms != 0)
      sum += terms * idf(static_cast<double>(frequency), Bm25Algorithm::okapi);
  return epsilon * sum / static_cast<double>(postings_.size());
}

std::vector<Bm25Index::QueryTerm> Bm25Index::query_terms(const std::vector<std::string>& terms,
                                                         const Bm25Parameters& parameters) const {
  std::vector<QueryTerm> known;
  std::unordered_set<Term> seen;
  std::optional<double> floor;
  for (const auto& text : terms) {
    const auto found = terms_.find(text);
    if (found == terms_.end() || frequencies_[found->second] == 0 || !seen.insert(found->second).second) continue;
    double weight = idf(frequencies_[found->second], parameters.algorithm);
    if (weight < 0 && parameters.algorithm == Bm25Algorithm::okapi) {
      if (!floor) floor = okapi_floor(parameters.epsilon);
      weight = *floor;
    }
    known.push_back({found->second, weight});
  }
  return known;
}

std::vector<Bm25Index::Hit> Bm25Index::search(const std::vector<std::string>& terms, const Bm25Parameters& parameters,
                                              std::size_t top_k, const std::function<bool(Slot)>& allowed) const {
  if (top_k == 0) return {};
  const auto query = query_terms(terms, parameters);
  std::vector<double> if_absent;
  for (const auto& term : query) if_absent.push_back(term.idf * absent_weight(parameters));

  // Each score is a sum in the order of the query's terms. One that a document lacks is added when the next that it has
  // comes, or at the end: `done` says how many terms are in its score.
  std::vector<double> scores(lengths_.size());
  std::vector<std::uint32_t> done(lengths_.size());
  const auto catch_up = [&](double& score, std::uint32_t& from, std::size_t to) {
    for (; from < to; ++from) score += if_absent[from];
  };
  for (std::size_t i = 0; i < query.size(); ++i) {
    for (const auto& [slot, count] : postings_[query[i].term]) {
      if (is_removed(slot)) continue;
      catch_up(scores[slot], done[slot], i);
      scores[slot] += query[i].idf * term_weight(parameters, count, parameters.b * lengths_[slot] / average_length_);
      done[slot] = static_cast<std::uint32_t>(i + 1);
    }
  }

  Best best(top_k);
  for (Slot slot = 0; slot < lengths_.size(); ++slot) {
    if (is_removed(slot)) continue;
    catch_up(scores[slot], done[slot], query.size());
    const Hit hit{slot, scores[slot]};
    if (!std::isfinite(hit.score))
      throw std::invalid_argument("The bm25_parameters divide by zero, or lead to scores that are no numbers");
    if (best.wants(hit) && allowed(slot)) best.add(hit);
  }
  return std::move(best).take();
}

}  // namespace berth
