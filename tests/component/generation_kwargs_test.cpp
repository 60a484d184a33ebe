#include "component/generation_kwargs.h"

#include <gmock/gmock.h>

namespace berth {
namespace {
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal(const Value::Object& kwargs) {
  try {
    read_generation_kwargs(kwargs, {});
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
  return "was accepted";
}

TEST(GenerationKwargs, ReadsEveryOption) {
  const auto [options, full, cleans] = read_generation_kwargs({{"max_new_tokens", 7},
                                                               {"do_sample", true},
                                                               {"temperature", 0.5},
                                                               {"top_k", 3},
                                                               {"top_p", 1},
                                                               {"min_p", 0.1},
                                                               {"repetition_penalty", 1.5},
                                                               {"seed", 4294967295},
                                                               {"num_return_sequences", 2},
                                                               {"stop_strings", Value::Array{"a", "b"}},
                                                               {"return_full_text", true},
                                                               {"clean_up_tokenization_spaces", false}},
                                                              {});
  EXPECT_EQ(options.max_new_tokens, 7);
  EXPECT_TRUE(options.do_sample);
  EXPECT_EQ(options.temperature, 0.5);
  EXPECT_EQ(options.top_k, 3);
  EXPECT_EQ(options.top_p, 1.0);
  EXPECT_EQ(options.min_p, 0.1);
  EXPECT_EQ(options.repetition_penalty, 1.5);
  EXPECT_EQ(options.seed, 4294967295U);
  EXPECT_EQ(options.num_return_sequences, 2);
  EXPECT_THAT(options.stop_words, ElementsAre("a", "b"));
  EXPECT_TRUE(full);
  EXPECT_EQ(cleans, false);
}

TEST(GenerationKwargs, ReadsThoseOfBeams) {
  const auto read = [](Value early) {
    return read_generation_kwargs({{"num_beams", 3}, {"length_penalty", -1}, {"early_stopping", std::move(early)}}, {})
        .options;
  };
  EXPECT_EQ(read(true).num_beams, 3);
  EXPECT_EQ(read(true).length_penalty, -1.0);
  EXPECT_EQ(read(true).early_stopping, EarlyStopping::on);
  EXPECT_EQ(read(false).early_stopping, EarlyStopping::off);
  EXPECT_EQ(read("never").early_stopping, EarlyStopping::never);
  EXPECT_EQ(read(nullptr).early_stopping, EarlyStopping::off);
  EXPECT_EQ(refusal({{"early_stopping", "always"}}),
            "generation_kwargs: 'early_stopping' must be true, false or 'never', got 'always'");
}

TEST(GenerationKwargs, OtherKindsOfBeamSearchAreRefused) {
  EXPECT_THAT(refusal({{"num_beams", 4}, {"num_beam_groups", 2}}),
              AllOf(HasSubstr("'num_beam_groups'"), HasSubstr("not done here"), HasSubstr("Remove it")));
  EXPECT_THAT(refusal({{"num_beams", 4}, {"force_words_ids", Value::Array{}}}), HasSubstr("'force_words_ids'"));
  EXPECT_THAT(refusal({{"num_beams", 4}, {"do_sample", true}}), HasSubstr("set num_beams to 1"));
}

TEST(GenerationKwargs, NullIsAbsentAndOneStopStringIsAListOfOne) {
  const auto [options, full, cleans] = read_generation_kwargs({{"temperature", nullptr}, {"stop_strings", "x"}}, {});
  EXPECT_EQ(options.temperature, 1.0);
  EXPECT_THAT(options.stop_words, ElementsAre("x"));
  EXPECT_FALSE(full);
  EXPECT_EQ(cleans, std::nullopt);
}

TEST(GenerationKwargs, AnUnknownOptionIsRefusedWithTheNearestOrThoseThatAreAccepted) {
  EXPECT_EQ(refusal({{"temprature", 0.5}}),
            "generation_kwargs: there is no parameter 'temprature'; did you mean 'temperature'?");
  EXPECT_THAT(refusal({{"do_what_you_like", true}}),
              AllOf(HasSubstr("'do_what_you_like'"), HasSubstr("max_new_tokens"), HasSubstr("seed")));
}

TEST(GenerationKwargs, AWrongTypeIsRefusedNamingWhatIsExpected) {
  EXPECT_EQ(refusal({{"max_new_tokens", "many"}}),
            "generation_kwargs: parameter 'max_new_tokens': expected an integer, found a string");
  EXPECT_THAT(refusal({{"max_new_tokens", 1.5}}), HasSubstr("expected an integer"));
  EXPECT_THAT(refusal({{"max_new_tokens", std::int64_t{1} << 40}}), HasSubstr("1099511627776 is out of range"));
  EXPECT_THAT(refusal({{"seed", -1}}), HasSubstr("'seed': -1 is out of range"));
  EXPECT_THAT(refusal({{"do_sample", 1}}), HasSubstr("expected a boolean"));
  EXPECT_THAT(refusal({{"temperature", "hot"}}), HasSubstr("expected a number"));
  EXPECT_THAT(refusal({{"stop_strings", Value::Array{1}}}), HasSubstr("expected a string"));
  EXPECT_THAT(refusal({{"stop_strings", 5}}), AllOf(HasSubstr("expected a string"), HasSubstr("or expected a")));
}

TEST(GenerationKwargs, RangesAreThoseOfTheOptions) {
  EXPECT_THAT(refusal({{"max_new_tokens", 0}}), HasSubstr("at least 1"));
  EXPECT_THAT(refusal({{"do_sample", true}, {"temperature", 0.0}}), HasSubstr("greater than 0"));
}

TEST(GenerationKwargs, WhatHasNoEffectIsSaid) {
  std::vector<std::string> warnings;
  const auto log = [&](LogLevel, std::string_view message) { warnings.emplace_back(message); };
  read_generation_kwargs({{"temperature", 0.5}, {"max_length", 20}}, log);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("'max_length'"), HasSubstr("'temperature'")));
  warnings.clear();
  read_generation_kwargs({{"length_penalty", 2.0}, {"early_stopping", true}}, log);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("'length_penalty'"), HasSubstr("num_beams is 1")));
  warnings.clear();
  read_generation_kwargs({{"do_sample", true}, {"temperature", 0.5}}, log);
  EXPECT_THAT(warnings, IsEmpty());
}

}  // namespace
}  // namespace berth
