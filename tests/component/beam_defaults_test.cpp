#include "component/beam_defaults.h"

#include <gmock/gmock.h>

#include <fstream>

#include "refusal.h"
#include "test_model.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class BeamDefaults : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) const { std::ofstream(folder_.path() / file) << text; }
  Value of(std::string_view task) const { return beam_defaults(task, folder_.path()); }

  const test::TemporaryFolder folder_;
};

TEST_F(BeamDefaults, AreFourForText2Text) {
  EXPECT_EQ(of("text2text-generation"), (Value::Object{{"num_beams", 4}}));
  EXPECT_EQ(of("text-generation"), Value::Object());
  EXPECT_EQ(Value(beam_defaults("text-generation", "/no/such/file.gguf")), Value::Object());
}

TEST_F(BeamDefaults, AModelSaysThemInItsGenerationConfig) {
  write("config.json", R"({"num_beams": 7, "length_penalty": 3.0})");
  write("generation_config.json", R"({"num_beams": 6, "length_penalty": 2.0, "early_stopping": null, "top_k": 5})");
  EXPECT_EQ(of("text-generation"), (Value::Object{{"num_beams", 6}, {"length_penalty", 2.0}}));
  // The number of the pipeline goes before.
  EXPECT_EQ(of("text2text-generation"), (Value::Object{{"num_beams", 4}, {"length_penalty", 2.0}}));
}

TEST_F(BeamDefaults, WithoutOneItsConfigSaysThem) {
  write("config.json", R"({"early_stopping": true})");
  EXPECT_EQ(of("text-generation"), (Value::Object{{"early_stopping", true}}));
}

TEST_F(BeamDefaults, AWrongTypeIsToldWithItsFile) {
  write("generation_config.json", R"({"num_beams": "many"})");
  EXPECT_THAT(test::refusal([&] { of("text-generation"); }),
              AllOf(HasSubstr("generation_config.json"), HasSubstr("'num_beams'"), HasSubstr("expected an integer")));
}

TEST_F(BeamDefaults, AValueOutOfItsRangeIsToldWithItsFile) {
  for (const auto& [text, problem] : {std::pair(R"({"num_beams": 0})", "from 1 to 64, got 0"),
                                      std::pair(R"({"num_beams": 65})", "from 1 to 64, got 65"),
                                      std::pair(R"({"early_stopping": "x"})", "true, false or \"never\", got 'x'")}) {
    write("generation_config.json", text);
    EXPECT_THAT(test::refusal([&] { of("text-generation"); }),
                AllOf(HasSubstr("generation_config.json"), HasSubstr(problem)));
  }
}

TEST_F(BeamDefaults, WhatIsSaidGoesBefore) {
  const Value::Object defaults{{"num_beams", 4}, {"length_penalty", 2.0}};
  const auto with = [&](Value::Object kwargs) { return Value(with_beam_defaults(std::move(kwargs), defaults)); };
  EXPECT_EQ(with({}), (Value::Object{{"num_beams", 4}, {"length_penalty", 2.0}}));
  EXPECT_EQ(with({{"num_beams", nullptr}}), (Value::Object{{"num_beams", 4}, {"length_penalty", 2.0}}));
  EXPECT_EQ(with({{"num_beams", 2}, {"length_penalty", 1.0}}),
            (Value::Object{{"num_beams", 2}, {"length_penalty", 1.0}}));
  EXPECT_EQ(with({{"num_beams", 1}}), (Value::Object{{"num_beams", 1}}));
  EXPECT_EQ(with({{"do_sample", true}}), (Value::Object{{"do_sample", true}}));
}

}  // namespace
}  // namespace berth
