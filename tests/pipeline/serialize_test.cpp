#include <gmock/gmock.h>

#include <algorithm>

#include "berth/error.h"
#include "berth/pipeline.h"
#include "pipeline/components.h"
#include "random_values.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
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
  EXPECT_THAT(refused(with("add: 2", "add: two")), AllOf(StartsWith("line 8, column 7: components.two: "),
                                                         HasSubstr("parameter 'add': expected an integer")));
  EXPECT_THAT(refused(with("add: 2", "ad: 2")), HasSubstr("there is no parameter 'ad'; did you mean 'add'?"));
  EXPECT_THAT(refused(with("add: 2", "ad: 2\n      foo: 1\n      bar: 2")),
              HasSubstr("there is no parameter 'ad'; did you mean 'add'?; and no 'foo'; and no 'bar'"));
  EXPECT_THAT(refused(with("berth.test.Add\n  two", "berth.test.Ad\n  two")),
              AllOf(StartsWith("line 5, column 5"), HasSubstr("did you mean 'berth.test.Add'?")));
  EXPECT_THAT(refused(with("sender: one.result", "sender: three.result")),
              AllOf(StartsWith("line 12, column 3"), HasSubstr("Component named three not found")));
  EXPECT_THAT(refused(with("  sender: one.result\n", "")), HasSubstr("Missing sender in connection"));
  EXPECT_THAT(refused(with("    type: berth.test.Add\n  two", "  two")),
              HasSubstr("Missing 'type' in component 'one'"));
  EXPECT_THAT(refused(with("max_runs_per_component: 7", "max_runs_per_component: many")),
              StartsWith("line 14, column 1"));
  EXPECT_THAT(refused<FormatError>(with("  two:", "  one:")), HasSubstr("the key 'one' twice"));
}

TEST_F(PipelineYaml, OfAFileNamesItWithLineAndColumn) {
  const auto told = [](std::string_view yaml) -> std::string {
    try {
      Pipeline::loads(yaml, "a.yaml");
    } catch (const std::exception& problem) {
      return problem.what();
    }
    return "was loaded";
  };
  EXPECT_THAT(told("components:\n  x: {type: none}"), StartsWith("a.yaml:2:7: components.x: "));
  EXPECT_THAT(told("a: 1\na: 2"), StartsWith("a.yaml:2:1: found the key 'a' twice, expected "));
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

TEST_F(PipelineYaml, TellsAllMistakesAtOnce) {
  constexpr auto yaml = R"(components:
  a: {type: haystack.components.fetchers.link_content.LinkContentFetcher}
  b: {type: berth.test.Add, init_parameters: {ad: 1}}
  c: {type: berth.test.Add}
  d: {type: berth.test.Ad}
max_runs_per_component: many
connections:
- {sender: a.streams, receiver: c.value}
- {sender: c.result, receiver: nobody.value}
- {sender: c.result, receiver: b.nothing}
- {sender: c.nothing, receiver: d.value}
- {sender: a.streams, receiver: nobody.value}
)";
  try {
    Pipeline::loads(yaml, "p.yaml");
    FAIL() << "this was loaded";
  } catch (const InvalidPipeline& problem) {
    EXPECT_THAT(
        problem.problems(),
        ElementsAre(StartsWith("p.yaml:6:1: max_runs_per_component: "),
                    AllOf(StartsWith("p.yaml:2:7: components.a: "), HasSubstr("yet: Haystack has it, Berth does not")),
                    AllOf(StartsWith("p.yaml:3:47: components.b: "), HasSubstr("did you mean 'add'?")),
                    AllOf(StartsWith("p.yaml:5:7: components.d: "), HasSubstr("did you mean 'berth.test.Add'?")),
                    StartsWith("p.yaml:9:3: connections.1: Component named nobody not found"),
                    StartsWith("p.yaml:12:3: connections.4: Component named nobody not found")));
    EXPECT_EQ(std::ranges::count(std::string(problem.what()), '\n'), 5);
  }
}

TEST_F(PipelineYaml, OfManyMistakesTellsTheFirst) {
  std::string yaml = "components:\n";
  for (int i = 0; i < 1000; ++i) yaml += "  c" + std::to_string(i) + ": {type: none}\n";
  try {
    Pipeline::loads(yaml);
    FAIL() << "this was loaded";
  } catch (const InvalidPipeline& problem) {
    EXPECT_EQ(problem.problems().size(), 21U);
    EXPECT_EQ(problem.problems().back(), "and 980 problems more");
  }
}

/// Random components and connections: what was loaded once is written as it was read.
TEST_F(PipelineYaml, IsStableFromTheFirstReloadOn) {
  test::Random random;
  for (int i = 0; i < 200; ++i) {
    Pipeline pipeline;
    std::vector<std::string> outputs;
    std::vector<std::string> inputs;
    for (int n = 2 + random.below(6); n > 0; --n) {
      const auto name = std::string(1, static_cast<char>('a' + random.below(26))) + std::to_string(n);
      pipeline.add_component(name, std::make_shared<test::Sum>());
      outputs.push_back(name + ".total");
      inputs.push_back(name + ".values");
    }
    const auto any_of = [&](const std::vector<std::string>& all) {
      return all[static_cast<std::size_t>(random.below(static_cast<int>(all.size())))];
    };
    for (int n = random.below(20); n > 0; --n) {
      const auto from = any_of(outputs);
      const auto to = any_of(inputs);
      if (from.substr(0, 2) != to.substr(0, 2)) pipeline.connect(from, to);
    }
    const auto reloaded = Pipeline::loads(pipeline.dumps()).dumps();
    ASSERT_EQ(Pipeline::loads(reloaded).dumps(), reloaded);
  }
}

TEST_F(PipelineYaml, HasNamesForInputsAndOutputs) {
  const auto pipeline = Pipeline::loads(std::string(two_adds) + R"(inputs:
  number: [one.value]
  summand: two.add
outputs: {sum: two.result}
)");
  EXPECT_EQ(to_value(pipeline.options().input_names),
            Value(Value::Object{{"number", Value::Array{"one.value"}}, {"summand", Value::Array{"two.add"}}}));
  EXPECT_EQ(to_value(pipeline.options().output_names), Value(Value::Object{{"sum", Value::Array{"two.result"}}}));
  EXPECT_THAT(pipeline.warnings(), IsEmpty());
  EXPECT_EQ(pipeline.dumps(), two_adds);  // as Haystack, which does not look at them
}

TEST_F(PipelineYaml, WarnsOfNamesThatLeadNowhere) {
  const auto warnings = [](std::string_view names) {
    return Pipeline::loads(std::string(two_adds) + std::string(names)).warnings();
  };
  EXPECT_THAT(warnings("inputs: {number: [on.value, one.valu, two]}"),
              ElementsAre(AllOf(HasSubstr("'on.value'"), HasSubstr("did you mean 'one'?")),
                          AllOf(HasSubstr("'one' has no input 'valu'"), HasSubstr("did you mean 'value'?")),
                          HasSubstr("'two' has no input ''")));
  EXPECT_THAT(warnings("outputs: {sum: two.value}"), ElementsAre(HasSubstr("'two' has no output 'value'")));
  EXPECT_THAT(warnings("inputs: [a]\noutputs: {sum: 3, other: two.result}"),
              ElementsAre(HasSubstr("'inputs' at the top of the file"), HasSubstr("'outputs.sum' at the top")));
}

TEST(PipelineSerialization, TakesNullForNoMetadata) {
  EXPECT_EQ(Pipeline::loads("components: {}\nmetadata: null\n").dumps(), Pipeline().dumps());
}

}  // namespace
}  // namespace berth
