#include "berth/pipeline.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "berth/error.h"
#include "pipeline/components.h"
#include "random_values.h"

namespace berth {
namespace {

using test::Add;
using test::Call;
using test::Joiner;
using test::Sum;
using test::Threshold;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Error, class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& problem) {
    return problem.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

/// first (+1) -> second (+2), and first -> third (+3); both into a sum.
Pipeline diamond() {
  Pipeline pipeline;
  pipeline.add_component("first", std::make_shared<Add>());
  pipeline.add_component("third", std::make_shared<Add>(test::AddParameters{3}));
  pipeline.add_component("second", std::make_shared<Add>(test::AddParameters{2}));
  pipeline.add_component("sum", std::make_shared<Sum>());
  pipeline.connect("first.result", "second.value");
  pipeline.connect("first", "third.value");
  pipeline.connect("second", "sum");
  pipeline.connect("third", "sum");
  return pipeline;
}

TEST(Pipeline, RunsWhatIsConnectedAndAnswersWhatNobodyTakes) {
  auto pipeline = diamond();
  const auto result = pipeline.run({{"first", Value::Object{{"value", 10}}}});
  EXPECT_EQ(Value(result), Value(Value::Object{{"sum", Value::Object{{"total", 13 + 14}}}}));
}

TEST(Pipeline, TakesInputsByTheirNamesAlone) {
  auto pipeline = diamond();
  EXPECT_EQ(pipeline.run({{"value", 10}}).at("sum"), Value(Value::Object{{"total", 27}}));
  std::string warning;
  pipeline.run({{"value", 1}, {"typo", 2}}, {.log = [&](LogLevel, std::string_view text) { warning = text; }});
  EXPECT_THAT(warning, HasSubstr("typo"));
}

TEST(Pipeline, IncludesTheOutputsThatAreAskedFor) {
  auto pipeline = diamond();
  const auto result = pipeline.run({{"value", 10}}, {.include_outputs_from = {"first", "third"}});
  EXPECT_EQ(result.at("first"), Value(Value::Object{{"result", 11}}));
  EXPECT_EQ(result.at("third"), Value(Value::Object{{"result", 14}}));
  EXPECT_FALSE(result.contains("second"));
  EXPECT_THROW(pipeline.run({{"value", 10}}, {.include_outputs_from = {"nobody"}}), std::invalid_argument);
}

TEST(Pipeline, CanBeRunAgainAndAgain) {
  auto pipeline = diamond();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(pipeline.run({{"value", i}}).at("sum"), Value(Value::Object{{"total", 2 * i + 7}}));
}

TEST(Pipeline, KnowsItsInputsAndOutputs) {
  const auto pipeline = diamond();
  const auto inputs = pipeline.inputs();
  EXPECT_EQ(inputs.at("first"),
            Value(Value::Object{
                {"value", Value::Object{{"type", "int"}, {"is_mandatory", true}}},
                {"add", Value::Object{{"type", "int | None"}, {"is_mandatory", false}, {"default_value", nullptr}}}}));
  EXPECT_EQ(inputs.at("sum"),
            Value(Value::Object{{"values", Value::Object{{"type", "int"}, {"is_mandatory", false}}}}));
  EXPECT_EQ(Value(pipeline.outputs()),
            Value(Value::Object{{"sum", Value::Object{{"total", Value::Object{{"type", "int"}}}}}}));
}

/// value goes round, one more each time, until it is 10.
Pipeline loop(int max_runs = 100) {
  Pipeline pipeline(PipelineOptions{.max_runs_per_component = max_runs});
  pipeline.add_component("joiner", std::make_shared<Joiner>());
  pipeline.add_component("add", std::make_shared<Add>());
  pipeline.add_component("threshold", std::make_shared<Threshold>());
  pipeline.connect("joiner", "add.value");
  pipeline.connect("add", "threshold");
  pipeline.connect("threshold.below", "joiner");
  return pipeline;
}

TEST(PipelineLoop, GoesRoundUntilItLeavesByTheOtherWay) {
  auto pipeline = loop();
  EXPECT_EQ(Value(pipeline.run({{"joiner", Value::Object{{"values", 3}}}})),
            Value(Value::Object{{"threshold", Value::Object{{"above", 10}}}}));
}

TEST(PipelineLoop, EndsWhereItRunsTooOften) {
  auto pipeline = loop(3);
  EXPECT_THAT(message_of<PipelineError>([&] {
                pipeline.run({{"joiner", Value::Object{{"values", -100}}}});
              }),
              HasSubstr("Maximum run count 3 reached for component"));
  EXPECT_EQ(pipeline.run({{"joiner", Value::Object{{"values", 8}}}}).at("threshold"),
            Value(Value::Object{{"above", 10}}));
}

TEST(PipelineLoop, WithoutAWayInIsBlocked) {
  Pipeline pipeline;
  pipeline.add_component("a", std::make_shared<Add>());
  pipeline.add_component("b", std::make_shared<Add>());
  pipeline.connect("a.result", "b.value");
  pipeline.connect("b.result", "a.value");
  EXPECT_THAT(message_of<PipelineError>([&] { pipeline.run({}); }), HasSubstr("blocked"));
}

TEST(PipelineRun, RefusesDataThatDoesNotFit) {
  auto pipeline = diamond();
  const auto refused = [&](const Value::Object& data) {
    return message_of<std::invalid_argument>([&] { pipeline.run(data); });
  };
  EXPECT_EQ(refused({{"nobody", Value::Object{}}}), "Component named 'nobody' not found in the pipeline.");
  EXPECT_EQ(refused({{"first", Value::Object{{"typo", 1}}}}), "Input 'typo' not found in component 'first'.");
  EXPECT_EQ(refused({}), "Missing mandatory input 'value' for component 'first'.");
  EXPECT_THAT(refused({{"first", Value::Object{{"value", 1}}}, {"second", Value::Object{{"value", 1}}}}),
              HasSubstr("Component 'second' cannot accept multiple inputs to 'value'. It is already connected to "
                        "component 'first'"));
}

TEST(PipelineRun, NamesTheComponentThatFailed) {
  Pipeline pipeline;
  bool fails = true;
  pipeline.add_component("good", std::make_shared<Call>([](std::string text, const auto&) { return text; }));
  pipeline.add_component("bad", std::make_shared<Call>([&](std::string text, const auto&) -> std::string {
                           if (fails) throw std::runtime_error("the lid is shut");
                           return text;
                         }));
  pipeline.connect("good.result", "bad.text");
  const Value::Object data{{"good", Value::Object{{"text", "hi"}}}};
  try {
    pipeline.run(data);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const PipelineError& problem) {
    EXPECT_EQ(problem.component(), "bad");
    EXPECT_THAT(problem.what(), AllOf(HasSubstr("'bad'"), HasSubstr("Call"), HasSubstr("the lid is shut")));
  }
  fails = false;
  EXPECT_EQ(pipeline.run(data).at("bad"), Value(Value::Object{{"result", "hi"}}));
}

TEST(PipelineRun, TellsAWrongTypeByComponentAndInput) {
  auto pipeline = diamond();
  EXPECT_THAT(message_of<PipelineError>([&] {
                pipeline.run({{"first", Value::Object{{"value", "ten"}}}});
              }),
              AllOf(HasSubstr("'first'"), HasSubstr("input 'value': expected an integer, found a string")));
}

TEST(PipelineRun, EndsAfterAComponentThatDoesNotEndOnARequestToStop) {
  Pipeline pipeline;
  std::stop_source stop;
  int ran = 0;
  const auto step = [&](std::string text, const auto&) {
    ++ran;
    stop.request_stop();
    return text;
  };
  pipeline.add_component("a", std::make_shared<Call>(step));
  pipeline.add_component("b", std::make_shared<Call>(step));
  pipeline.connect("a.result", "b.text");
  EXPECT_THROW(pipeline.run({{"a", Value::Object{{"text", "x"}}}}, {.stop = stop.get_token()}), Cancelled);
  EXPECT_EQ(ran, 1);
}

/// Each waits until all of them run: they can only end side by side.
TEST(PipelineRun, RunsIndependentComponentsAtTheSameTimeWhereTheySayTheyMay) {
  std::mutex mutex;
  std::condition_variable all_here;
  int here = 0;
  const auto meet = [&](std::string text, const auto&) -> std::string {
    std::unique_lock lock(mutex);
    ++here;
    all_here.notify_all();
    if (!all_here.wait_for(lock, std::chrono::seconds(20), [&] { return here >= 3; })) return "alone";
    return text;
  };
  Pipeline pipeline;
  for (const auto* name : {"c", "a", "b"}) pipeline.add_component(name, std::make_shared<Call>(meet, true));
  const auto result = pipeline.run({{"text", "met"}});
  std::vector<std::string> names;
  for (const auto& [name, outputs] : result) {
    names.push_back(name);
    EXPECT_EQ(outputs, Value(Value::Object{{"result", "met"}}));
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
}

TEST(PipelineRun, GivesTheSameWhetherSideBySideOrNot) {
  const auto run = [](bool concurrent) {
    Pipeline pipeline;
    const auto suffix = [](std::string end) { return [end](std::string text, const auto&) { return text + end; }; };
    for (const auto* name : {"a", "b", "c", "d"})
      pipeline.add_component(name, std::make_shared<Call>(suffix(name), concurrent));
    pipeline.connect("a.result", "b.text");
    pipeline.connect("a.result", "c.text");
    pipeline.connect("c.result", "d.text");
    return Value(pipeline.run({{"a", Value::Object{{"text", ">"}}}})).to_json();
  };
  EXPECT_EQ(run(true), run(false));
  EXPECT_EQ(run(true), R"({"b": {"result": ">ab"}, "d": {"result": ">acd"}})");
}

TEST(PipelineGraph, RefusesNamesThatCannotBe) {
  Pipeline pipeline;
  pipeline.add_component("a", std::make_shared<Add>());
  EXPECT_THAT(message_of<std::invalid_argument>([&] { pipeline.add_component("a", std::make_shared<Add>()); }),
              HasSubstr("A component named 'a' already exists in this pipeline: choose another name."));
  EXPECT_THROW(pipeline.add_component("_debug", std::make_shared<Add>()), std::invalid_argument);
  EXPECT_THROW(pipeline.add_component("a.b", std::make_shared<Add>()), std::invalid_argument);
  EXPECT_THROW(pipeline.add_component("none", nullptr), std::invalid_argument);
}

TEST(PipelineGraph, RefusesConnectionsThatCannotBe) {
  Pipeline pipeline;
  pipeline.add_component("a", std::make_shared<Add>());
  pipeline.add_component("b", std::make_shared<Add>());
  pipeline.add_component("c", std::make_shared<Add>());
  pipeline.add_component("text", std::make_shared<Call>([](std::string text, const auto&) { return text; }));
  const auto refused = [&](const char* sender, const char* receiver) {
    return message_of<std::invalid_argument>([&] { pipeline.connect(sender, receiver); });
  };
  EXPECT_EQ(refused("a", "a"), "Connecting a Component to itself is not supported.");
  EXPECT_EQ(refused("nobody", "a"), "Component named nobody not found in the pipeline.");
  EXPECT_THAT(refused("a.typo", "b"), HasSubstr("Output connections of a are: result (type int)"));
  EXPECT_THAT(refused("a", "b.typo"), HasSubstr("Input connections of b are: value (type int), add (type int | None)"));
  EXPECT_THAT(
      refused("a.result", "text.text"),
      HasSubstr("Cannot connect 'a.result' with 'text.text': their declared input and output types do not match."));
  EXPECT_THAT(refused("a", "text"), HasSubstr("their declared input and output types do not match."));
  EXPECT_THAT(refused("text", "a"), HasSubstr("no matching connections available."));
  EXPECT_THAT(refused("a", "b"), HasSubstr("more than one connection is possible between these components"));
  pipeline.connect("a.result", "b.value");
  EXPECT_THAT(refused("c.result", "b.value"), HasSubstr("cannot accept multiple inputs to 'value'"));
  EXPECT_NO_THROW(pipeline.connect("a.result", "b.value")) << "a connection that is there already";
}

TEST(PipelineGraph, IsDrawnWithAllItsNamesEscaped) {
  auto pipeline = diamond();
  pipeline.add_component("<b>\"x\"&", std::make_shared<Sum>());
  const auto mermaid = pipeline.to_mermaid();
  EXPECT_THAT(mermaid, AllOf(HasSubstr("flowchart TD"), HasSubstr("<b>first</b>"), HasSubstr("result -> value"),
                             HasSubstr("&lt;b&gt;&quot;x&quot;&amp;")));
  const auto svg = pipeline.to_svg();
  EXPECT_THAT(svg, AllOf(HasSubstr("<svg"), HasSubstr(">first<"), HasSubstr("result → values"),
                         HasSubstr("&lt;b&gt;&quot;x&quot;&amp;")));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
}

/// Whatever the graph, a component runs after those that send to it, and each runs once.
TEST(PipelineLaws, SendersRunBeforeReceivers) {
  test::Random random;
  for (int round = 0; round < 200; ++round) {
    const int count = 2 + random.below(10);
    Pipeline pipeline;
    std::vector<int> order;
    std::vector<std::vector<int>> senders(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      // Names in an order that has nothing to do with the edges.
      const auto name = std::string(1, static_cast<char>('a' + random.below(26))) + std::to_string(i);
      pipeline.add_component(name, std::make_shared<Call>([&order, i](std::string text, const auto&) {
                               order.push_back(i);
                               return text;
                             }));
    }
    const auto names = pipeline.component_names();
    Value::Object data;
    for (int i = 0; i < count; ++i) {
      const auto receiver = static_cast<std::size_t>(i);
      if (i > 0 && random.below(3) != 0) {
        const int sender = random.below(i);
        senders[receiver].push_back(sender);
        pipeline.connect(names[static_cast<std::size_t>(sender)] + ".result", names[receiver] + ".text");
      } else {
        data.set(names[receiver], Value::Object{{"text", "x"}});
      }
    }
    pipeline.run(data);
    ASSERT_EQ(order.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      for (const int sender : senders[static_cast<std::size_t>(i)])
        ASSERT_LT(std::ranges::find(order, sender), std::ranges::find(order, i));
  }
}

}  // namespace
}  // namespace berth
