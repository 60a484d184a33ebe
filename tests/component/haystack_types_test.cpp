#include "component/haystack_types.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "berth/component.h"
#include "json_file.h"
#include "refusal.h"

namespace berth {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string text_router = "haystack.components.routers.transformers_text_router.TransformersTextRouter";
const std::string text_router_in_3 =
    "haystack_integrations.components.routers.transformers.text_router.TransformersTextRouter";

std::string refused(std::string_view type) {
  return refusal([&] { component_class(type); });
}

TEST(HaystackTypes, AreEachThereOnce) {
  const auto types = haystack_types();
  EXPECT_EQ(std::set(types.begin(), types.end()).size(), types.size());
  EXPECT_GT(types.size(), 100U);
}

TEST(HaystackTypes, HaveTwoNamesWhereHaystack3RenamedThem) {
  EXPECT_EQ(name_in_haystack_2(text_router_in_3), text_router);
  EXPECT_EQ(name_in_haystack_2(text_router), "");
  EXPECT_EQ(name_in_haystack_2("x"), "");
}

TEST(Components, ThatHaystack3RenamedAreLoadedAndWrittenUnderBothNames) {
  const std::string in_2 = "haystack.components.audio.whisper_local.LocalWhisperTranscriber";
  const std::string in_3 = "haystack_integrations.components.audio.whisper.whisper_local.LocalWhisperTranscriber";
  for (const auto& type : {in_2, in_3}) {
    const Value parameters = Value::Object{
        {"model", "tiny"}, {"device", ComponentDevice(Device::cpu()).to_dict()}, {"whisper_params", Value::Object{}}};
    const Value data = Value::Object{{"type", type}, {"init_parameters", parameters}};
    EXPECT_EQ(component_from_dict(data)->to_dict(), data);
    EXPECT_EQ(component_class(type).type, in_2);
  }
}

TEST(Components, ThatAreNotThereAreToldFromThoseThatNobodyKnows) {
  const std::string missing = "haystack.components.agents.agent.Agent";
  EXPECT_EQ(refused(missing), "There is no component '" + missing +
                                  "' yet: Haystack has it, Berth does not; 'berth components' lists those there are");
  EXPECT_THAT(refused("haystack.components.builders.PromptBuilder"),
              HasSubstr("; did you mean 'haystack.components.builders.prompt_builder.PromptBuilder'?"));
  EXPECT_THAT(refused("haystack.components.builders.prompt_builder.PromtBuilder"),
              HasSubstr("; did you mean 'haystack.components.builders.prompt_builder.PromptBuilder'?"));
  EXPECT_THAT(refused("haystack.components.joiners.AnswerJoiner"),
              AllOf(HasSubstr("did you mean 'haystack.components.joiners.answer_joiner.AnswerJoiner'?"),
                    HasSubstr("Berth does not yet")));
  EXPECT_THAT(refused("haystack_integrations.components.generators.ollama.chat.chat_generator.OllamaChatGenerator"),
              HasSubstr("Berth does not have this integration of Haystack"));
  EXPECT_THAT(refused("os.system"), AllOf(HasSubstr("There is no component 'os.system'; 'berth components'"),
                                          Not(HasSubstr("did you mean")), Not(HasSubstr("yet"))));
}

}  // namespace
}  // namespace berth
