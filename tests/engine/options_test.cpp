#include <gmock/gmock.h>

#include "berth/engine.h"

namespace berth {
namespace {
using testing::AllOf;
using testing::HasSubstr;

void expect_refused(const GenerationOptions& options, const testing::Matcher<std::string>& message) {
  try {
    options.validate();
    FAIL() << "was accepted";
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(std::string(problem.what()), message);
  }
}

TEST(GenerationOptions, DefaultsAreValid) { EXPECT_NO_THROW(GenerationOptions{}.validate()); }

TEST(GenerationOptions, RefusesValuesOutOfRangeNamingThem) {
  expect_refused({.max_new_tokens = 0}, AllOf(HasSubstr("'max_new_tokens'"), HasSubstr("at least 1"), HasSubstr("0")));
  expect_refused({.do_sample = true, .temperature = 0}, HasSubstr("'temperature'"));
  expect_refused({.do_sample = true, .temperature = std::numeric_limits<double>::quiet_NaN()},
                 HasSubstr("'temperature'"));
  expect_refused({.do_sample = true, .top_k = -1}, HasSubstr("'top_k'"));
  expect_refused({.do_sample = true, .top_p = 1.5}, HasSubstr("'top_p'"));
  expect_refused({.do_sample = true, .min_p = -0.1}, HasSubstr("'min_p'"));
  expect_refused({.repetition_penalty = 0}, HasSubstr("'repetition_penalty'"));
  expect_refused({.num_return_sequences = 0}, HasSubstr("'num_return_sequences'"));
  expect_refused({.do_sample = true, .num_return_sequences = 65}, HasSubstr("from 1 to 64"));
  expect_refused({.num_return_sequences = 2}, HasSubstr("do_sample"));
  expect_refused({.stop_words = {""}}, HasSubstr("stop word"));
  expect_refused({.num_beams = 0}, AllOf(HasSubstr("'num_beams'"), HasSubstr("from 1 to 64")));
  expect_refused({.length_penalty = std::numeric_limits<double>::infinity()}, HasSubstr("'length_penalty'"));
  expect_refused({.do_sample = true, .num_beams = 4}, AllOf(HasSubstr("'num_beams' is 4"), HasSubstr("do_sample off")));
  expect_refused({.num_return_sequences = 3, .num_beams = 2}, HasSubstr("set num_beams to 3"));
}

TEST(GenerationOptions, SamplingOptionsDoNotMatterWithoutSampling) {
  EXPECT_NO_THROW((GenerationOptions{.temperature = 0, .top_p = 7}.validate()));
}

TEST(Prompt, ShowsAllItsPieces) {
  EXPECT_EQ(Prompt(std::vector<Prompt::Piece>({{"<|user|>", true}, {"hi", false}})).text(), "<|user|>hi");
}

TEST(FinishReason, HasNames) {
  EXPECT_EQ(to_string(FinishReason::end_of_text), "end_of_text");
  EXPECT_EQ(to_string(FinishReason::stop_word), "stop_word");
  EXPECT_EQ(to_string(FinishReason::length), "length");
  EXPECT_EQ(to_string(FinishReason::cancelled), "cancelled");
}

TEST(Engines, AreFoundByName) {
  if (engines().empty()) GTEST_SKIP() << "this build has no engine";
  EXPECT_EQ(engine("llama.cpp").name(), "llama.cpp");
  EXPECT_FALSE(engine("llama.cpp").version().empty());
}

TEST(Engines, AnUnknownNameIsRefusedWithThoseThatExist) {
  try {
    engine("tensorrt");
    FAIL() << "was accepted";
  } catch (const std::invalid_argument& problem) {
    EXPECT_THAT(problem.what(), AllOf(HasSubstr("'tensorrt'"), HasSubstr("llama.cpp")));
  }
}

}  // namespace
}  // namespace berth
