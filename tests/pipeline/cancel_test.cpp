/// Runs and loadings that are cancelled, and those in which something fails.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "berth/error.h"
#include "pipeline/components.h"
#include "pipeline/waiting.h"

namespace berth {
namespace {

using test::Call;
using test::Meeting;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

PipelineError failure(const std::function<void()>& call) {
  try {
    call();
  } catch (const PipelineError& error) {
    return error;
  }
  return {"", "it went well"};
}

/// Its loading is what a test wants to happen; it is warm once that has ended well.
class Heavy final : public Component {
 public:
  explicit Heavy(std::function<void(const CallContext&)> load = {}, std::uint64_t bytes = 1000)
      : Component("berth.test.Heavy"), load_(std::move(load)), bytes_(bytes) {}
  void warm_up(const CallContext& context) override {
    if (warm) return;
    if (load_) load_(context);
    warm = true;
  }
  std::vector<DeviceUse> load_use() const override {
    if (warm || bytes_ == 0) return {};
    return {{.weights = bytes_}};
  }
  void run(Run&) override {}
  Value::Object init_parameters() const override { return {}; }

  std::atomic<bool> warm = false;

 private:
  std::function<void(const CallContext&)> load_;
  std::uint64_t bytes_;
};

TEST(PipelineCancel, EndsARunInTheMiddleOfAComponentWhichCanBeRunAgain) {
  std::stop_source stop;
  Meeting running;
  bool waits = true;
  int after = 0;
  Pipeline pipeline;
  pipeline.add_component("waits", std::make_shared<Call>([&](std::string text, const std::stop_token& token) {
                           running.come();
                           if (waits) test::wait_for(token);
                           return text;
                         }));
  pipeline.add_component("after", std::make_shared<Call>([&](std::string text, const auto&) {
                           ++after;
                           return text;
                         }));
  pipeline.connect("waits.result", "after.text");
  const std::jthread canceller([&] {
    running.wait_for(1);
    stop.request_stop();
  });
  const Value::Object data{{"waits", Value::Object{{"text", "hi"}}}};
  EXPECT_THROW(pipeline.run(data, {.stop = stop.get_token()}), Cancelled);
  EXPECT_EQ(after, 0);
  waits = false;
  EXPECT_EQ(pipeline.run(data).at("after"), Value(Value::Object{{"result", "hi"}}));
}

TEST(PipelineCancel, GivesNoPartOfTheLastComponentForTheWhole) {
  std::stop_source stop;
  Pipeline pipeline;
  pipeline.add_component("last", std::make_shared<Call>([&](const std::string&, const auto&) {
                           stop.request_stop();
                           return "the first half";
                         }));
  EXPECT_THROW(pipeline.run({{"text", "x"}}, {.stop = stop.get_token()}), Cancelled);
}

TEST(PipelineCancel, EndsAllThatRunSideBySide) {
  std::stop_source stop;
  Meeting running;
  Pipeline pipeline;
  for (const auto* name : {"a", "b", "c"})
    pipeline.add_component(name, std::make_shared<Call>(
                                     [&](std::string text, const std::stop_token& token) {
                                       running.come();
                                       test::wait_for(token);
                                       return text;
                                     },
                                     true));
  const std::jthread canceller([&] {
    running.wait_for(3);
    stop.request_stop();
  });
  EXPECT_THROW(pipeline.run({{"text", "x"}}, {.stop = stop.get_token()}), Cancelled);
}

TEST(PipelineFailure, EndsThoseBesideItAndNamesTheOneThatFailed) {
  Pipeline pipeline;
  Meeting running;
  pipeline.add_component("a", std::make_shared<Call>(
                                  [&](const std::string&, const std::stop_token& token) -> std::string {
                                    running.come();
                                    test::wait_for(token);
                                    throw Cancelled("as a component may say");
                                  },
                                  true));
  pipeline.add_component("b", std::make_shared<Call>(
                                  [&](const std::string&, const auto&) -> std::string {
                                    running.wait_for(1);
                                    throw RemoteError("the line is cut", 503);
                                  },
                                  true));
  const auto error = failure([&] { pipeline.run({{"text", "x"}}); });
  EXPECT_EQ(error.component(), "b");
  EXPECT_THAT(error.what(), AllOf(HasSubstr("the line is cut"), Not(HasSubstr("as a component may say"))));
}

TEST(PipelineFailure, KeepsWhatTheComponentThrew) {
  Pipeline pipeline;
  pipeline.add_component("a", std::make_shared<Call>([](const std::string&, const auto&) -> std::string {
                           throw RemoteError("the line is cut", 503);
                         }));
  try {
    pipeline.run({{"text", "x"}});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const PipelineError& error) {
    try {
      std::rethrow_if_nested(error);
      ADD_FAILURE() << "nothing is nested";
    } catch (const RemoteError& cause) {
      EXPECT_EQ(cause.status(), 503);
    }
  }
}

TEST(PipelineFailure, TellsAllThatFailed) {
  Meeting running;
  Pipeline pipeline;
  for (const auto* name : {"b", "a", "c"})
    pipeline.add_component(name, std::make_shared<Call>(
                                     [&, name](std::string text, const auto&) -> std::string {
                                       running.come_and_wait_for(3);
                                       if (name == std::string("b")) return text;
                                       throw std::runtime_error(std::string(name) + " is broken");
                                     },
                                     true));
  const auto error = failure([&] { pipeline.run({{"text", "x"}}); });
  EXPECT_EQ(error.component(), "a");
  EXPECT_THAT(error.what(), AllOf(HasSubstr("Component name: 'a'"), HasSubstr("Error: a is broken"),
                                  HasSubstr("Component 'c' failed too: c is broken"), Not(HasSubstr("'b'"))));
}

TEST(PipelineFailure, NamesAComponentThatThrowsWhatIsNoException) {
  Pipeline pipeline;
  pipeline.add_component("odd",
                         std::make_shared<Call>([](const std::string&, const auto&) -> std::string { throw 7; }));
  EXPECT_EQ(failure([&] { pipeline.run({{"text", "x"}}); }).component(), "odd");
}

TEST(PipelineWarmUp, NamesTheOneThatFailedAndGoesOnWithTheOthersTheNextTime) {
  bool fails = true;
  const auto good = std::make_shared<Heavy>([](const CallContext&) {}, 0);
  const auto bad = std::make_shared<Heavy>([&](const CallContext&) {
    if (fails) throw std::runtime_error("no such model");
  });
  Pipeline pipeline;
  pipeline.add_component("bad", bad);
  pipeline.add_component("good", good);
  const auto error = failure([&] { pipeline.warm_up(); });
  EXPECT_EQ(error.component(), "bad");
  EXPECT_THAT(error.what(), AllOf(HasSubstr("'bad'"), HasSubstr("no such model")));
  EXPECT_TRUE(good->warm);
  EXPECT_FALSE(bad->warm);

  fails = false;
  std::vector<std::string> told;
  pipeline.warm_up({.progress = [&](std::string_view name, bool done) {
    told.push_back((done ? "warm: " : "loads: ") + std::string(name));
  }});
  EXPECT_TRUE(bad->warm);
  EXPECT_THAT(told, UnorderedElementsAre("loads: bad", "warm: bad", "loads: good", "warm: good"));
}

TEST(PipelineWarmUp, AFailureEndsThoseThatLoadBesideIt) {
  Meeting loading;
  Pipeline pipeline;
  const auto waits = std::make_shared<Heavy>([&](const CallContext& context) {
    loading.come();
    test::wait_for(context.stop);
    context.throw_if_stopped("The loading");
  });
  pipeline.add_component("waits", waits);
  pipeline.add_component("bad", std::make_shared<Heavy>([&](const CallContext&) {
                           loading.wait_for(1);
                           throw std::runtime_error("no such model");
                         }));
  EXPECT_EQ(failure([&] { pipeline.warm_up(); }).component(), "bad");
  EXPECT_FALSE(waits->warm);
}

TEST(PipelineWarmUp, TellsAllThatFailed) {
  Meeting loading;
  Pipeline pipeline;
  for (const auto* name : {"b", "a"})
    pipeline.add_component(name, std::make_shared<Heavy>([&, name](const CallContext&) {
                             loading.come_and_wait_for(2);
                             throw std::runtime_error(std::string(name) + " is broken");
                           }));
  const auto error = failure([&] { pipeline.warm_up(); });
  EXPECT_EQ(error.component(), "b");
  EXPECT_THAT(error.what(), AllOf(HasSubstr("b is broken"), HasSubstr("Component 'a' failed too: a is broken")));
}

TEST(PipelineWarmUp, IsCancelledInTheMiddle) {
  std::stop_source stop;
  Meeting loading;
  Pipeline pipeline;
  for (const auto* name : {"a", "b"})
    pipeline.add_component(name, std::make_shared<Heavy>([&](const CallContext& context) {
                             loading.come();
                             test::wait_for(context.stop);
                             context.throw_if_stopped("The loading");
                           }));
  const std::jthread canceller([&] {
    loading.wait_for(2);
    stop.request_stop();
  });
  EXPECT_THROW(pipeline.warm_up({.stop = stop.get_token()}), Cancelled);
}

TEST(PipelineWarmUp, LoadsOneAfterTheOtherWhatDoesNotFitTogether) {
  std::atomic<int> loading = 0;
  std::atomic<int> most = 0;
  const auto load = [&](const CallContext&) {
    most = std::max<int>(most, ++loading);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // for another to come in, if it may
    --loading;
  };
  Pipeline pipeline;
  for (const auto* name : {"a", "b", "c"})
    pipeline.add_component(name, std::make_shared<Heavy>(load, std::uint64_t{1} << 60));
  pipeline.warm_up();
  EXPECT_EQ(most, 1);
}

TEST(PipelineLog, HasTheWarningsOfComponentsWithTheirNames) {
  const auto warn = [](const CallContext& context) { context.log(LogLevel::warning, "the tank is low"); };
  Pipeline pipeline;
  pipeline.add_component("light", std::make_shared<Heavy>(warn, 0));
  pipeline.add_component("heavy", std::make_shared<Heavy>(warn));
  std::vector<std::string> told;
  const LogCallback log = [&](LogLevel, std::string_view message) { told.emplace_back(message); };
  pipeline.run({{"typo", 1}}, {.log = log});
  EXPECT_THAT(
      told, ElementsAre(HasSubstr("Input 'typo' was not matched"), "light: the tank is low", "heavy: the tank is low"));
}

TEST(PipelineLog, IsCalledByOneThreadAtATime) {
  Meeting loading;
  Pipeline pipeline;
  for (const auto* name : {"a", "b", "c", "d"})
    pipeline.add_component(name, std::make_shared<Heavy>([&](const CallContext& context) {
                             loading.come_and_wait_for(4);
                             for (int i = 0; i < 100; ++i) context.log(LogLevel::warning, "again");
                           }));
  int inside = 0;  // not atomic: a thread sanitizer sees who comes in beside another
  int told = 0;
  pipeline.warm_up({.log = [&](LogLevel, std::string_view) {
    EXPECT_EQ(++inside, 1);
    ++told;
    --inside;
  }});
  EXPECT_EQ(told, 400);
}

}  // namespace
}  // namespace berth
