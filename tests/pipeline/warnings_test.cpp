#include <gmock/gmock.h>

#include "berth/pipeline.h"
#include "pipeline/components.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Pipeline with(std::initializer_list<std::pair<std::string, std::shared_ptr<Component>>> components,
              std::initializer_list<std::pair<std::string, std::string>> connections) {
  Pipeline pipeline;
  for (const auto& [name, component] : components) pipeline.add_component(name, component);
  for (const auto& [sender, receiver] : connections) pipeline.connect(sender, receiver);
  return pipeline;
}

TEST(PipelineWarnings, AreNoneWhereAllGoesWell) {
  EXPECT_THAT(Pipeline().warnings(), IsEmpty());
  EXPECT_THAT(
      with({{"a", std::make_shared<Add>()}, {"b", std::make_shared<Add>()}}, {{"a.result", "b.value"}}).warnings(),
      IsEmpty());
}

TEST(PipelineWarnings, AreOfComponentsThatWaitForEachOther) {
  const auto pipeline =
      with({{"a", std::make_shared<Add>()}, {"b", std::make_shared<Add>()}, {"c", std::make_shared<Add>()}},
           {{"a.result", "b.value"}, {"b.result", "a.value"}, {"b.result", "c.value"}});
  EXPECT_THAT(pipeline.warnings(),
              ElementsAre(AllOf(HasSubstr("'a' can never run"), HasSubstr("'value' comes from 'b' only")),
                          AllOf(HasSubstr("'b' can never run"), HasSubstr("'value' comes from 'a' only")),
                          AllOf(HasSubstr("'c' can never run"), HasSubstr("'value' comes from 'b' only"))));
}

TEST(PipelineWarnings, AreOfLoopsThatNothingEnds) {
  auto pipeline = with({{"join", std::make_shared<Joiner>()}, {"add", std::make_shared<Add>()}},
                       {{"join.value", "add.value"}, {"add.result", "join.values"}});
  EXPECT_THAT(pipeline.warnings(), ElementsAre(AllOf(HasSubstr("the loop of 'join', 'add'"), HasSubstr("100 runs"))));
  EXPECT_THROW(pipeline.run({{"join", Value::Object{{"values", 1}}}}), PipelineError);
}

TEST(PipelineWarnings, AreNotOfLoopsThatAComponentCanLeave) {
  const auto pipeline = with(
      {{"join", std::make_shared<Joiner>()}, {"add", std::make_shared<Add>()}, {"if", std::make_shared<Threshold>()}},
      {{"join.value", "add.value"}, {"add.result", "if.value"}, {"if.below", "join.values"}});
  EXPECT_THAT(pipeline.warnings(), IsEmpty());
}

TEST(PipelineWarnings, AreNotOfLoopsThatEndForLackOfWhatComesOnce) {
  // What the user does not give anew is there for one run only.
  auto pipeline =
      with({{"first", std::make_shared<Add>()}, {"a", std::make_shared<Add>()}, {"b", std::make_shared<Add>()}},
           {{"first.result", "a.value"}, {"a.result", "b.value"}, {"b.result", "a.add"}});
  EXPECT_THAT(pipeline.warnings(), IsEmpty());
  EXPECT_NO_THROW(pipeline.run({{"first", Value::Object{{"value", 1}}}}));
}

}  // namespace
}  // namespace berth::test
