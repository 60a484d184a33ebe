/// How near embeddings are to each other.
#pragma once

#include <vector>

namespace berth {

enum class Similarity { dot_product, cosine };

/// Compares one embedding with others, of as many dimensions.
class EmbeddingSimilarity {
 public:
  EmbeddingSimilarity(Similarity similarity, bool scaled, std::vector<double> query);

  double score(const std::vector<double>& embedding) const;

 private:
  Similarity similarity_;
  bool scaled_;
  std::vector<double> query_;
};

/// The logistic function.
double expit(double x);

}  // namespace berth
