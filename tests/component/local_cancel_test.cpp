/// Local models that are loaded and run, and told to end.
#include <gmock/gmock.h>

#include <thread>

#include "berth/error.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "berth/pipeline.h"
#include "engine/cancellable_mutex.h"
#include "pipeline/waiting.h"
#include "test_model.h"

namespace berth {
namespace {

using test::Meeting;
using testing::HasSubstr;

HuggingFaceLocalGenerator::Parameters cancelled_model(int max_new_tokens = 4) {
  return {.model = test::model_path().string(),
          .task = "text-generation",
          .device = Device::cpu(),
          .generation_kwargs = {{"max_new_tokens", max_new_tokens}}};
}

/// A model in a file of its own, so that nobody has loaded it.
HuggingFaceLocalGenerator::Parameters own_model(const test::TemporaryFolder& folder) {
  auto parameters = cancelled_model();
  const auto path = folder.path() / "model.gguf";
  if (!std::filesystem::exists(path)) std::filesystem::copy_file(test::model_path(), path);
  parameters.model = path.string();
  return parameters;
}

constexpr auto story = "Once upon a time";
constexpr int endless = 4000;  // many seconds' work

TEST(LocalCancel, EndsARunOfAPipelineInTheMiddleOfAGeneration) {
  BERTH_NEEDS_MODEL();
  std::stop_source stop;
  auto parameters = cancelled_model(endless);
  int chunks = 0;
  parameters.streaming_callback.call = [&](const StreamingChunk&) {
    if (++chunks == 2) stop.request_stop();
  };
  Pipeline pipeline;
  pipeline.add_component("llm", std::make_shared<HuggingFaceLocalGenerator>(std::move(parameters)));
  EXPECT_THROW(pipeline.run({{"prompt", story}}, {.stop = stop.get_token()}), Cancelled);
  EXPECT_LT(chunks, 10);
  const auto again = pipeline.run({{"prompt", story}, {"generation_kwargs", Value::Object{{"max_new_tokens", 4}}}});
  EXPECT_FALSE(again.at("llm").find("replies")->as_array().at(0).as_string().empty());
}

TEST(LocalCancel, EndsSeveralSideBySide) {
  BERTH_NEEDS_MODEL();
  std::stop_source stop;
  Meeting generating;
  Pipeline pipeline;
  for (const auto* name : {"a", "b"}) {
    auto parameters = cancelled_model(endless);
    parameters.streaming_callback.call = [&, first = true](const StreamingChunk&) mutable {
      if (std::exchange(first, false)) generating.come();
    };
    pipeline.add_component(name, std::make_shared<HuggingFaceLocalGenerator>(std::move(parameters)));
  }
  const std::jthread canceller([&] {
    generating.wait_for(2);
    stop.request_stop();
  });
  EXPECT_THROW(pipeline.run({{"prompt", story}}, {.stop = stop.get_token()}), Cancelled);
}

TEST(LocalCancel, EndsTheLoadingWhichCanBeDoneAgain) {
  BERTH_NEEDS_MODEL();
  const test::TemporaryFolder folder;
  std::stop_source stop;
  auto parameters = own_model(folder);
  parameters.progress = [&](float) {
    stop.request_stop();
    return true;
  };
  const auto generator = std::make_shared<HuggingFaceLocalGenerator>(std::move(parameters));
  Pipeline pipeline;
  pipeline.add_component("llm", generator);
  EXPECT_THROW(pipeline.warm_up({.stop = stop.get_token()}), Cancelled);
  EXPECT_EQ(generator->loaded_model(), nullptr);
  EXPECT_FALSE(generator->load_use().empty());
  pipeline.warm_up();
  EXPECT_NE(generator->loaded_model(), nullptr);
}

TEST(LocalCancel, WhoWaitsForTheSameModelCanGiveUpAndLaterShareIt) {
  BERTH_NEEDS_MODEL();
  const test::TemporaryFolder folder;
  Meeting loading;
  Meeting given_up;
  auto slow = own_model(folder);
  slow.progress = [&, first = true](float) mutable {
    if (!std::exchange(first, false)) return true;
    loading.come();
    given_up.wait_for(1);
    return true;
  };
  HuggingFaceLocalGenerator loads(std::move(slow));
  HuggingFaceLocalGenerator waits(own_model(folder));
  std::jthread loader([&] { loads.warm_up(); });
  loading.wait_for(1);
  EXPECT_EQ(loads.loaded_model(), nullptr) << "and nobody waits to be told so";
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(waits.warm_up(stop.get_token()), Cancelled);  // of the other component
  EXPECT_THROW(loads.warm_up(stop.get_token()), Cancelled);  // of the same
  given_up.come();
  loader.join();
  waits.warm_up();
  EXPECT_EQ(waits.loaded_model(), loads.loaded_model());
}

TEST(LocalCancel, WhoWaitsForALoadingThatIsCancelledLoadsByItself) {
  BERTH_NEEDS_MODEL();
  const test::TemporaryFolder folder;
  Meeting loading;
  auto cancelled = own_model(folder);
  cancelled.progress = [&](float) {
    loading.come();
    return false;
  };
  HuggingFaceLocalGenerator loads(std::move(cancelled));
  HuggingFaceLocalGenerator waits(own_model(folder));
  const std::jthread waiter([&] {
    loading.wait_for(1);
    waits.warm_up();
    EXPECT_NE(waits.loaded_model(), nullptr);
  });
  EXPECT_THROW(loads.warm_up(), Cancelled);
}

TEST(LocalModels, OfOneFileAreLoadedOnceByAPipelineThatLoadsThemSideBySide) {
  BERTH_NEEDS_MODEL();
  const test::TemporaryFolder folder;
  std::atomic<int> loadings = 0;
  const auto parameters = [&] {
    auto own = own_model(folder);
    own.progress = [&, first = true](float) mutable {
      loadings += std::exchange(first, false) ? 1 : 0;
      return true;
    };
    return own;
  };
  const auto text = std::make_shared<HuggingFaceLocalGenerator>(parameters());
  const auto other = std::make_shared<HuggingFaceLocalGenerator>(parameters());
  Pipeline pipeline;
  pipeline.add_component("text", text);
  pipeline.add_component("other", other);
  pipeline.warm_up();
  EXPECT_EQ(loadings, 1);
  EXPECT_EQ(text->loaded_model(), other->loaded_model());
}

TEST(LocalLog, OfARunHasTheWarningsOfGenerators) {
  BERTH_NEEDS_MODEL();
  std::vector<std::string> own;
  auto parameters = cancelled_model();
  parameters.log = [&](LogLevel, std::string_view message) { own.emplace_back(message); };
  Pipeline pipeline;
  pipeline.add_component("silent", std::make_shared<HuggingFaceLocalGenerator>(cancelled_model()));
  pipeline.add_component("own", std::make_shared<HuggingFaceLocalGenerator>(std::move(parameters)));
  std::vector<std::string> told;
  pipeline.run({{"prompt", story}, {"generation_kwargs", Value::Object{{"temperature", 0.5}}}},
               {.log = [&](LogLevel, std::string_view message) { told.emplace_back(message); }});
  EXPECT_THAT(told, testing::ElementsAre("silent: Generation option 'temperature' has no effect: do_sample is off"));
  EXPECT_THAT(own, testing::ElementsAre("Generation option 'temperature' has no effect: do_sample is off"));
}

}  // namespace
}  // namespace berth
