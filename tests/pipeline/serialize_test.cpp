#include <gmock/gmock.h>

#include "berth/error.h"
#include "berth/pipeline.h"
#include "pipeline/components.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* two_adds = R"(components:
  one:
    init_parameters:
      add: 1
    type: berth.test.Add
  two:
    init_parameters:
      add: 2
    type: berth.test.Add
connection_type_validation: true
connections:
- receiver: two.value
  sender: one.result
max_runs_per_component: 7
metadata:
  name: both
)";

class PipelineYaml : public testing::Test {
 protected:
  void SetUp() override { test::register_test_components(); }

  template <class Error = std::invalid_argument>
  static std::string refused(std::string_view yaml) {
    try {
      Pipeline::loads(yaml);
    } catch (const Error& problem) {
      return problem.what();
    }
    ADD_FAILURE() << "this was loaded:\n" << yaml;
    return {};
  }
};

TEST_F(PipelineYaml, ComesBackByteForByte) {
  auto pipeline = Pipeline::loads(two_adds);
  EXPECT_EQ(pipeline.dumps(), two_adds);
  EXPECT_EQ(pipeline.run({{"one", Value::Object{{"value", 1}}}}).at("two"), Value(Value::Object{{"result", 4}}));
}

TEST_F(PipelineYaml, NamesLineAndColumnOfAMistake) {
  const auto with = [](std::string_view what, std::string_view instead) {
    std::string text = two_adds;
    text.replace(text.find(what), what.size(), instead);
    return text;
  };
  EXPECT_THAT(refused(with("add: 2", "add: two")), AllOf(StartsWith("line 6, column 3: components.two: "),
                                                         HasSubstr("parameter 'add': expected an integer")));
  EXPECT_THAT(refused(with("add: 2", "ad: 2")), HasSubstr("there is no parameter 'ad'; did you mean 'add'?"));
  EXPECT_THAT(refused(with("berth.test.Add\n  two", "berth.test.Ad\n  two")),
              AllOf(StartsWith("line 2, column 3"), HasSubstr("did you mean 'berth.test.Add'?")));
  EXPECT_THAT(refused(with("sender: one.result", "sender: three.result")),
              AllOf(StartsWith("line 12, column 3"), HasSubstr("Component named three not found")));
  EXPECT_THAT(refused(with("  sender: one.result\n", "")), HasSubstr("Missing sender in connection"));
  EXPECT_THAT(refused(with("    type: berth.test.Add\n  two", "  two")),
              HasSubstr("Missing 'type' in component 'one'"));
  EXPECT_THAT(refused(with("max_runs_per_component: 7", "max_runs_per_component: many")),
              StartsWith("line 14, column 1"));
  EXPECT_THAT(refused<FormatError>(with("  two:", "  one:")), HasSubstr("the key 'one' twice"));
}

TEST_F(PipelineYaml, RefusesWhatIsNoPipeline) {
  EXPECT_THAT(refused(""), HasSubstr("this is empty"));
  EXPECT_THAT(refused("[]"), HasSubstr("this is a list"));
  EXPECT_THAT(refused("components: 3"), HasSubstr("expected an object"));
  EXPECT_THAT(refused("connections: {}"), HasSubstr("expected a list"));
  EXPECT_THAT(refused("connections: [3]"), HasSubstr("Missing sender"));
  EXPECT_THAT(refused<FormatError>("a: [1"), HasSubstr("line 2, column 1"));
  EXPECT_THAT(refused<FormatError>("a: !!python/object/apply:os.system [ls]"), HasSubstr("tag"));
  EXPECT_THAT(refused("components: {x: {type: os.system}}"), HasSubstr("There is no component 'os.system'"));
}

TEST_F(PipelineYaml, RefusesHostileFiles) {
  const std::string head = "components: {one: {type: berth.test.Add}, two: {type: berth.test.Add}}\nconnections: ";
  EXPECT_THAT(refused<FormatError>("components: " + std::string(100'000, '[')), HasSubstr("nesting beyond 200 levels"));
  EXPECT_THAT(refused<FormatError>("metadata: &a [x]\nmetadata: *a"), HasSubstr("the key 'metadata' twice"));
  EXPECT_THAT(refused("components: [berth.test.Add]"), HasSubstr("components: expected an object, found a list"));
  EXPECT_THAT(refused("components: {one: berth.test.Add}"), HasSubstr("Missing 'type' in component 'one'"));
  EXPECT_THAT(refused("components: {one: {type: [berth.test.Add]}}"), HasSubstr("expected a string, found a list"));
  EXPECT_THAT(refused("components: {one: {type: berth.test.Add, init_parameters: 3}}"),
              HasSubstr("expected an object, found an integer"));
  EXPECT_THAT(refused("components: {a.b: {type: berth.test.Add}}"), HasSubstr("cannot contain '.'"));
  EXPECT_THAT(refused("max_runs_per_component: 99999999999"), HasSubstr("out of range"));
  EXPECT_THAT(refused("metadata: []"), HasSubstr("expected an object, found a list"));
  EXPECT_THAT(refused("connection_type_validation: 1"), HasSubstr("expected a boolean, found an integer"));
  EXPECT_THAT(refused(head + "[{sender: one.result, receiver: [two.value]}]"), HasSubstr("expected a string"));
  EXPECT_THAT(refused(head + "[{sender: one.result, receiver: two.nothing}]"),
              HasSubstr("two.nothing' does not exist"));
  EXPECT_THAT(refused(head + "[{sender: one.nothing, receiver: two.value}]"), HasSubstr("one.nothing' does not exist"));
  EXPECT_THAT(refused(head + "[{sender: one.result, receiver: one.value}]"), HasSubstr("to itself is not supported"));
  EXPECT_THAT(refused("components: {one: {type: berth.test.Add}, two: {type: berth.test.Add}, "
                      "three: {type: berth.test.Add}}\nconnections: [{sender: one.result, receiver: three.value}, "
                      "{sender: two.result, receiver: three.value}]"),
              HasSubstr("cannot accept multiple inputs to 'value'"));
}

TEST_F(PipelineYaml, OfALoopWithoutAnEndIsStoppedWhenItRuns) {
  auto pipeline = Pipeline::loads(
      "max_runs_per_component: 5\ncomponents: {joiner: {type: berth.test.Joiner}, add: {type: berth.test.Add}}\n"
      "connections: [{sender: joiner.value, receiver: add.value}, {sender: add.result, receiver: joiner.values}]");
  EXPECT_THROW(pipeline.run({{"joiner", Value::Object{{"values", 1}}}}), PipelineError);
  EXPECT_THROW(pipeline.run({}), PipelineError) << "nothing comes in";
}

/// Names that say nothing of the order, and each component in several connections.
TEST_F(PipelineYaml, OfManyComponentsComesBackToo) {
  Pipeline pipeline;
  pipeline.add_component("sum", std::make_shared<test::Sum>());
  for (int i = 0; i < 1000; ++i)
    pipeline.add_component("c" + std::to_string(i * 7919 % 1000), std::make_shared<test::Add>());
  for (int i = 0; i + 1 < 1000; ++i) {
    pipeline.connect("c" + std::to_string(i) + ".result", "c" + std::to_string(i + 1) + ".value");
    if (i % 3 == 0) pipeline.connect("c" + std::to_string(i) + ".result", "sum.values");
  }
  const auto text = pipeline.dumps();
  auto again = Pipeline::loads(text);
  EXPECT_EQ(again.dumps(), Pipeline::loads(again.dumps()).dumps());
  const Value::Object data{{"c0", Value::Object{{"value", 0}}}};
  EXPECT_EQ(again.run(data), pipeline.run(data));
}

TEST_F(PipelineYaml, OfComponentsThatCannotBeWrittenNamesThem) {
  Pipeline pipeline;
  pipeline.add_component("call", std::make_shared<test::Call>([](std::string text, const auto&) { return text; }));
  try {
    pipeline.dumps();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::invalid_argument& problem) {
    EXPECT_STREQ(problem.what(), "Component 'call': a function cannot be written down");
  }
}

}  // namespace
}  // namespace berth
