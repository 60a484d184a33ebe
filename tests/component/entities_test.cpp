#include "component/entities.h"

#include <gtest/gtest.h>

#include <cmath>

namespace berth {
namespace {

const std::vector<std::string> ner_labels = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"};

/// A piece of tokens of five characters each, with a special one around it.
Encoding ner_tokens(std::size_t count) {
  Encoding piece;
  for (std::size_t i = 0; i < count + 2; ++i) {
    const bool special = i == 0 || i == count + 1;
    piece.ids.push_back(1);
    piece.offsets.push_back(special ? TextSpan{0, 0} : TextSpan{5 * (i - 1), 5 * i});
    piece.special_tokens_mask.push_back(special ? 1 : 0);
  }
  return piece;
}

/// Logits by which each token has the label of that number, with probability 1 / (1 + 4 / e).
std::vector<float> rows(const std::vector<std::size_t>& best) {
  std::vector<float> logits(ner_labels.size());
  for (const auto label : best)
    for (std::size_t i = 0; i < ner_labels.size(); ++i) logits.push_back(i == label ? 1.0F : 0.0F);
  logits.resize(logits.size() + ner_labels.size());
  return logits;
}

/// "PER 0-10, LOC 10-15"
std::string entity_names(const std::vector<std::size_t>& best, const std::vector<std::string>& ignored = {"O"}) {
  std::string text;
  for (const auto& each : entities_of(ner_tokens(best.size()), rows(best), ner_labels, ignored))
    text +=
        (text.empty() ? "" : ", ") + each.entity + " " + std::to_string(each.start) + "-" + std::to_string(each.end);
  return text;
}

TEST(Entities, AreNeighboursOfOneLabel) {
  EXPECT_EQ(entity_names({1, 2, 2, 0, 3}), "PER 0-15, LOC 20-25");
  EXPECT_EQ(entity_names({1, 1, 2}), "PER 0-5, PER 5-15");
  EXPECT_EQ(entity_names({2, 4, 4}), "PER 0-5, LOC 5-15");
  EXPECT_EQ(entity_names({0, 0}), "");
  EXPECT_EQ(entity_names({0, 1}, {"PER"}), "O 0-5");
}

TEST(Entities, HaveTheMeanOfTheirTokensAsScore) {
  const auto found = entities_of(ner_tokens(2), rows({1, 2}), ner_labels, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NEAR(*found[0].score, 1 / (1 + 4 / std::exp(1.0)), 1e-6);
}

TEST(Entities, OfPiecesThatOverlapAreTheLongestOnes) {
  const NamedEntityAnnotation shorter{"PER", 0, 5, 0.9};
  const NamedEntityAnnotation longer{"PER", 2, 9, 0.5};
  const NamedEntityAnnotation better{"LOC", 3, 10, 0.6};
  const NamedEntityAnnotation apart{"LOC", 10, 12, 0.1};
  EXPECT_EQ(without_shorter_ones({apart, longer, better, shorter}), (std::vector{better, apart}));
  EXPECT_TRUE(without_shorter_ones({}).empty());
  const NamedEntityAnnotation empty{"PER", 0, 0, 0.9};
  EXPECT_EQ(without_shorter_ones({empty, longer}), (std::vector{empty, empty, longer})) << "as in transformers";
  EXPECT_EQ(without_shorter_ones({shorter, {"PER", 5, 5, 0.9}}).size(), 2U);
}

}  // namespace
}  // namespace berth
