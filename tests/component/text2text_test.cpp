/// Local generators with a model that has an encoder and a decoder.
#include <gmock/gmock.h>

#include "berth/engine.h"
#include "berth/error.h"
#include "berth/huggingface_local_chat_generator.h"
#include "berth/huggingface_local_generator.h"
#include "refusal.h"
#include "test_model.h"
#include "tiny_t5.h"

namespace berth {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class Text2Text : public testing::Test {
 protected:
  HuggingFaceLocalGenerator::Parameters parameters(std::optional<std::string> task = {}) const {
    return {.model = path_.string(), .task = std::move(task), .device = Device::cpu(), .token = {},
            .generation_kwargs = {{"max_new_tokens", 6}}};
  }

  const test::TemporaryFolder folder_;
  const std::filesystem::path path_ = test::TinyT5().write(folder_.path() / "t5.gguf");
};

TEST_F(Text2Text, IsTheTaskOfAModelWithAnEncoder) {
  HuggingFaceLocalGenerator generator(parameters());
  const auto written = generator.to_dict();
  const auto& kwargs = *written.find("init_parameters")->find("huggingface_pipeline_kwargs");
  EXPECT_EQ(*kwargs.find("task"), Value("text2text-generation"));
  EXPECT_EQ(written.find("init_parameters")->find("generation_kwargs")->find("return_full_text"), nullptr);
  const auto result = generator.run("translate a b c");
  ASSERT_THAT(result.replies, SizeIs(1));
  EXPECT_EQ(result.generation.completions[0].generated_tokens, 6U);
  EXPECT_THAT(result.replies[0], Not(HasSubstr("translate")));
  EXPECT_THAT(generator.run("a", {}, {{"num_return_sequences", 2}, {"do_sample", true}}).replies, SizeIs(2));
}

TEST_F(Text2Text, AnotherTaskThanThatOfTheModelIsRefused) {
  HuggingFaceLocalGenerator generator(parameters("text-generation"));
  EXPECT_THAT(refusal([&] { generator.warm_up(); }),
              AllOf(HasSubstr("is 'text2text-generation', not 'text-generation'"), HasSubstr("t5.gguf")));
  EXPECT_EQ(generator.known_problem(), refusal([&] { generator.warm_up(); }));
  EXPECT_EQ(generator.loaded_model(), nullptr);
  BERTH_NEEDS_MODEL();
  HuggingFaceLocalGenerator other({.model = test::model_path(), .task = "text2text-generation", .token = {}});
  EXPECT_THAT(refusal([&] { other.warm_up(); }), HasSubstr("is 'text-generation', not 'text2text-generation'"));
}

TEST_F(Text2Text, AReplyNeverHoldsThePrompt) {
  HuggingFaceLocalGenerator generator(parameters());
  EXPECT_THAT(refusal([&] { generator.run("a", {}, {{"return_full_text", true}}); }), HasSubstr("return_full_text"));
}

TEST_F(Text2Text, AChatNeedsATemplate) {
  const std::vector<ChatMessage> messages = {ChatMessage::from_user("translate a b c")};
  HuggingFaceLocalChatGenerator without({.model = path_.string(), .device = Device::cpu(), .token = {}});
  EXPECT_THAT(refusal<EngineError>([&] { without.run(messages); }), HasSubstr("has no chat template"));
  HuggingFaceLocalChatGenerator with({.model = path_.string(),
                                      .device = Device::cpu(),
                                      .token = {},
                                      .chat_template = "{{ messages[0].content }}",
                                      .generation_kwargs = {{"max_new_tokens", 4}}});
  const auto reply = with.run(messages).replies[0];
  HuggingFaceLocalGenerator plain(parameters());
  EXPECT_EQ(reply.text(), plain.run("translate a b c", {}, {{"max_new_tokens", 4}}).replies[0]);
}

}  // namespace
}  // namespace berth
