/// Pipelines whose components ask services: how they end, and what they log.
#include <gmock/gmock.h>

#include <thread>

#include "berth/error.h"
#include "berth/openai_chat_generator.h"
#include "berth/openai_generator.h"
#include "berth/pipeline.h"
#include "remote/fault_server.h"

namespace berth {
namespace {
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string openai_key = "sk-berth-0123456789";

class RemotePipeline : public testing::Test {
 protected:
  std::shared_ptr<Component> at(const std::string& path, StreamingCallback callback = {}) const {
    return std::make_shared<OpenAIGenerator>(OpenAIGeneratorParameters{.api_key = Secret::from_token(openai_key),
                                                                       .model = "m",
                                                                       .streaming_callback = std::move(callback),
                                                                       .api_base_url = server.url(path)});
  }

  /// Asks a run to stop once the service was asked that often.
  std::jthread stop_after(std::size_t requests) {
    return std::jthread([this, requests](const std::stop_token& given_up) {
      while (server.log().size() < requests && !given_up.stop_requested())
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      stop.request_stop();
    });
  }

  test::FaultServer server;
  std::stop_source stop;
  Pipeline pipeline;
  std::vector<std::string> told;
  RunOptions options = {.stop = stop.get_token(),
                        .log = [this](LogLevel, std::string_view message) { told.emplace_back(message); }};
};

TEST_F(RemotePipeline, IsCancelledWhileServicesAreSilent) {
  int chunks = 0;
  pipeline.add_component("silent", at("/silent"));
  pipeline.add_component("in the middle",
                         at("/silent_in_the_middle", {.name = "", .call = [&](const StreamingChunk&) { ++chunks; }}));
  pipeline.add_component("between tries", at("/flaky/429/1/60"));
  const auto canceller = stop_after(3);
  EXPECT_THROW(pipeline.run({{"prompt", "Hello?"}}, options), Cancelled);
}

TEST_F(RemotePipeline, CanBeRunAgainAfterItWasCancelled) {
  pipeline.add_component("llm", at("/flaky/429/1/60"));
  const auto canceller = stop_after(1);
  EXPECT_THROW(pipeline.run({{"prompt", "Hello?"}}, options), Cancelled);
  EXPECT_EQ(*pipeline.run({{"prompt", "Hello?"}}).at("llm").find("replies"), Value(Value::Array{"Hello"}));
}

TEST_F(RemotePipeline, ThatFailsDoesNotWaitForThoseBesideIt) {
  pipeline.add_component("broken", at("/status/400"));
  pipeline.add_component("silent", at("/silent"));
  try {
    pipeline.run({{"prompt", "Hello?"}}, options);
    ADD_FAILURE() << "it went well";
  } catch (const PipelineError& error) {
    EXPECT_EQ(error.component(), "broken");
  }
}

TEST_F(RemotePipeline, LogsEachNewTryAndNoSecret) {
  pipeline.add_component("llm", at("/echo_once"));
  const auto outputs = pipeline.run({{"prompt", "Hello?"}}, options);
  EXPECT_EQ(*outputs.at("llm").find("replies"), Value(Value::Array{"Hello"}));
  EXPECT_THAT(told,
              ElementsAre(AllOf(HasSubstr("llm: " + server.url("/echo_once/chat/completions") + ": Error code: 503"),
                                HasSubstr("Bearer ***"), HasSubstr("; trying again in 0."), HasSubstr("(1 of 5)"),
                                Not(HasSubstr(openai_key)))));
}

TEST_F(RemotePipeline, LogsNoSecretOfAHeaderOfOneRun) {
  const std::string gateway = "key-of-a-gateway-0123456789";
  pipeline.add_component("llm", at("/echo_once"));
  pipeline.run({{"prompt", "Hello?"},
                {"generation_kwargs", Value::Object{{"extra_headers", Value::Object{{"X-Gateway", gateway}}}}}},
               options);
  EXPECT_THAT(told, ElementsAre(AllOf(HasSubstr("X-Gateway"), Not(HasSubstr(gateway)))));
}

TEST_F(RemotePipeline, LogsWhatGeneratorsWarnOf) {
  pipeline.add_component("llm", at("/length"));
  pipeline.run({{"prompt", "Hello?"}}, options);
  EXPECT_THAT(told, ElementsAre(AllOf(testing::StartsWith("llm: "), HasSubstr("has been truncated"))));
}

}  // namespace
}  // namespace berth
