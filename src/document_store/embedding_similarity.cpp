#include "document_store/embedding_similarity.h"

#include <cmath>
#include <numeric>

namespace berth {
namespace {

constexpr double dot_product_scale = 100;  // Haystack's

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// The length of a vector; 1 of one of zeros, which has no direction.
double norm(const std::vector<double>& vector) {
  const double length = std::sqrt(dot(vector, vector));
  return length == 0 ? 1 : length;
}

}  // namespace

double expit(double x) { return 1 / (1 + std::exp(-x)); }

EmbeddingSimilarity::EmbeddingSimilarity(Similarity similarity, bool scaled, std::vector<double> query)
    : similarity_(similarity), scaled_(scaled), query_(std::move(query)) {
  if (similarity_ == Similarity::cosine)
    for (const double length = norm(query_); double& x : query_) x /= length;
}

double EmbeddingSimilarity::score(const std::vector<double>& embedding) const {
  const double product = dot(query_, embedding);
  if (similarity_ == Similarity::dot_product) return scaled_ ? expit(product / dot_product_scale) : product;
  const double cosine = product / norm(embedding);
  return scaled_ ? (cosine + 1) / 2 : cosine;
}

}  // namespace berth
