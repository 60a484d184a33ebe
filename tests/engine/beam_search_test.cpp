/// Beam search over scores that are computed here and in tests/data/generators/make_beams.py, beside transformers.
#include "engine/beam_search.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "json_file.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Tokens = std::vector<std::int32_t>;

std::uint32_t mix(std::uint32_t value) {
  for (int i = 0; i < 2; ++i) value = (value ^ value >> 16U) * 0x45D9F3BU;
  return value ^ value >> 16U;
}

Tokens tokens_of(const Value& list) {
  Tokens tokens;
  for (const auto& each : list.as_array()) tokens.push_back(static_cast<std::int32_t>(each.as_int()));
  return tokens;
}

GenerationOptions options_of(const Value& given) {
  const auto& early = *given.find("early_stopping");
  return {.max_new_tokens = static_cast<int>(given.find("max_new_tokens")->as_int()),
          .repetition_penalty = given.find("repetition_penalty")->as_double(),
          .num_beams = static_cast<int>(given.find("num_beams")->as_int()),
          .length_penalty = given.find("length_penalty")->as_double(),
          .early_stopping = early.is_string()      ? EarlyStopping::never
                            : early == Value(true) ? EarlyStopping::on
                                                   : EarlyStopping::off};
}

BeamSearch::Rules rules(const GenerationOptions& options, const Tokens& ends) {
  return {.options = options, .end_tokens = ends.size(), .end = [ends](std::span<const std::int32_t> tokens) {
            return std::ranges::find(ends, tokens.back()) == ends.end() ? std::nullopt
                                                                        : std::optional(FinishReason::end_of_text);
          }};
}

/// The model of a recorded case: scores by the number of tokens and the last one.
class Table {
 public:
  explicit Table(const Value& recorded)
      : seed_(static_cast<std::uint32_t>(recorded.find("seed")->as_int())),
        n_vocab_(static_cast<std::size_t>(recorded.find("vocabulary")->as_int())),
        bonus_(static_cast<std::uint32_t>(recorded.find("end_bonus")->as_int())),
        ends_(tokens_of(*recorded.find("ends"))) {}

  std::vector<float> scores(std::size_t tokens, std::int32_t last) const {
    std::vector<float> row;
    for (std::uint32_t token = 0; token < n_vocab_; ++token) {
      const auto salt =
          seed_ * 1000003U + static_cast<std::uint32_t>(tokens) * 10007U + static_cast<std::uint32_t>(last) * 101U;
      auto score = mix(salt + token) % 6000;
      if (std::ranges::find(ends_, static_cast<std::int32_t>(token)) != ends_.end()) score += bonus_;
      row.push_back(static_cast<float>(score) / 1000);
    }
    return row;
  }

  void run(BeamSearch& search, const Tokens& prompt) const {
    while (!search.beams().empty()) {
      std::vector<std::vector<float>> rows;
      for (const auto& beam : search.beams())
        rows.push_back(
            scores(prompt.size() + beam.tokens.size(), beam.tokens.empty() ? prompt.back() : beam.tokens.back()));
      const std::vector<std::span<float>> spans(rows.begin(), rows.end());
      ASSERT_TRUE(search.step(spans));
    }
  }

  const Tokens& ends() const { return ends_; }

 private:
  std::uint32_t seed_;
  std::size_t n_vocab_;
  std::uint32_t bonus_;
  Tokens ends_;
};

TEST(BeamSearch, FindsWhatTransformersFinds) {
  const auto recorded = test::json_file("generators/beam_search.json");
  const auto& cases = recorded.find("cases")->as_array();
  EXPECT_GE(cases.size(), 140U);
  for (const auto& each : cases) {
    SCOPED_TRACE(each.to_json());
    const Table table(each);
    const auto prompt = tokens_of(*each.find("prompt"));
    BeamSearch search(rules(options_of(*each.find("options")), table.ends()), prompt);
    table.run(search, prompt);
    const auto& wanted = each.find("tokens")->as_array();
    ASSERT_GE(search.complete().size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(search.complete()[i].tokens, tokens_of(wanted[i])) << i;
      const auto score = each.find("scores")->as_array()[i].as_double();
      EXPECT_NEAR(search.complete()[i].score, score, 2e-5 * std::max(1.0, std::abs(score))) << i;
    }
  }
}

GenerationOptions beams(int number, int most_tokens) { return {.max_new_tokens = most_tokens, .num_beams = number}; }

/// Takes the same scores for each beam.
bool step(BeamSearch& search, std::vector<float> scores) {
  std::vector<std::vector<float>> rows(search.beams().size(), std::move(scores));
  return search.step(std::vector<std::span<float>>(rows.begin(), rows.end()));
}

TEST(BeamSearch, OfEqualTextsTheLowerTokenComesFirst) {
  BeamSearch search(rules(beams(2, 2), {}), {});
  ASSERT_TRUE(step(search, {0, 1, 1, 1}));
  ASSERT_THAT(search.beams(), SizeIs(2));
  EXPECT_THAT(search.beams()[0].tokens, ElementsAre(1));
  EXPECT_THAT(search.beams()[1].tokens, ElementsAre(2));
}

/// With a length penalty below 0 a text gets no better by its length, so that `never` looks at the length of now.
TEST(BeamSearch, NeverGoesOnAsLongAsABeamCanBecomeBetter) {
  auto options = beams(2, 10);
  options.length_penalty = -1;
  options.early_stopping = EarlyStopping::never;
  BeamSearch search(rules(options, {0}), {});
  const auto part = [](double probability) { return static_cast<float>(std::log(probability)); };
  ASSERT_TRUE(step(search, {part(0.5), part(0.45), part(0.05), -30}));
  std::vector<float> first = {-30, part(0.05), part(0.05), part(0.9)};
  std::vector<float> second = {0, -30, -30, -30};
  ASSERT_TRUE(search.step(std::vector<std::span<float>>{first, second}));
  ASSERT_THAT(search.complete(), SizeIs(2));
  EXPECT_THAT(search.complete()[1].tokens, ElementsAre(2, 0));
  ASSERT_THAT(search.beams(), SizeIs(2)) << "it went on";
  ASSERT_TRUE(step(search, {0, -30, -30, -30}));
  EXPECT_THAT(search.complete()[1].tokens, ElementsAre(1, 3, 0));
  EXPECT_THAT(search.beams(), IsEmpty());
}

TEST(BeamSearch, RefusesScoresThatSayNothingAndGoesOnFromWhereItWas) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    BeamSearch search(rules(beams(2, 3), {}), {});
    ASSERT_TRUE(step(search, {0, 1, 2}));
    EXPECT_FALSE(step(search, {0, bad, 2}));
    EXPECT_THAT(search.beams()[0].tokens, ElementsAre(2));
    EXPECT_TRUE(step(search, {0, 1, 2}));
  }
}

TEST(BeamSearch, TokensThatCannotComeNeverCome) {
  constexpr float never = -std::numeric_limits<float>::infinity();
  BeamSearch search(rules(beams(3, 2), {}), {});
  ASSERT_TRUE(step(search, {never, 1, never, 2}));
  ASSERT_THAT(search.beams(), SizeIs(2));
  ASSERT_TRUE(step(search, {never, never, never, 2}));
  ASSERT_THAT(search.complete(), SizeIs(2));
  EXPECT_THAT(search.complete()[0].tokens, ElementsAre(3, 3));
  EXPECT_THAT(search.complete()[1].tokens, ElementsAre(1, 3));
}

TEST(BeamSearch, EndedFromOutsideItsBeamsAreComplete) {
  BeamSearch search(rules(beams(2, 9), {0}), {});
  search.end(FinishReason::cancelled);
  EXPECT_THAT(search.complete(), IsEmpty());
  BeamSearch begun(rules(beams(2, 9), {0}), {});
  ASSERT_TRUE(step(begun, {5, 1, 0}));
  begun.end(FinishReason::length);
  EXPECT_THAT(begun.beams(), IsEmpty());
  ASSERT_THAT(begun.complete(), SizeIs(2));
  EXPECT_THAT(begun.complete()[0].tokens, ElementsAre(0));
  EXPECT_EQ(begun.complete()[0].reason, FinishReason::end_of_text);
  EXPECT_THAT(begun.complete()[1].tokens, ElementsAre(1));
  EXPECT_EQ(begun.complete()[1].reason, FinishReason::length);
}

}  // namespace
}  // namespace berth
