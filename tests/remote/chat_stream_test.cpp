/// What services that are almost compatible send, put together. The forms are those of reports about real services.
#include "remote/chat_stream.h"

#include <gmock/gmock.h>

#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace berth {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Result {
  ChatMessage message;
  std::vector<StreamingChunk> chunks;
  std::vector<std::string> warnings;
};

Result result_of(const std::vector<std::string>& pieces) {
  ChatStream stream;
  Result result;
  for (const auto& piece : pieces) result.chunks.push_back(stream.add(Value::from_json(piece)));
  result.message = stream.message([&](const std::string& warning) { result.warnings.push_back(warning); });
  return result;
}

Result of_deltas(const std::vector<std::string>& deltas) {
  std::vector<std::string> pieces;
  for (const auto& delta : deltas) pieces.push_back(R"({"model": "m", "choices": [{"delta": )" + delta + "}]}");
  return result_of(pieces);
}

/// The calls of pieces, each being what stands in the list "tool_calls", as "NAME(ARGUMENTS)".
std::vector<std::string> calls_of(const std::vector<std::string>& pieces) {
  std::vector<std::string> deltas;
  for (const auto& piece : pieces) deltas.push_back(R"({"tool_calls": [)" + piece + "]}");
  std::vector<std::string> calls;
  for (const auto& call : of_deltas(deltas).message.tool_calls())
    calls.push_back(call.tool_name + "(" + Value(call.arguments).to_json() + ")");
  return calls;
}

const std::string oslo = R"({"name": "weather", "arguments": "{\"place\": \"Oslo\"}"})";
const std::string rome = R"({"name": "weather", "arguments": "{\"place\": \"Rome\"}"})";
const auto both = ElementsAre(R"(weather({"place": "Oslo"}))", R"(weather({"place": "Rome"}))");
const auto only_oslo = ElementsAre(R"(weather({"place": "Oslo"}))");

TEST(ChatStream, ANewIdBeginsANewCallWhateverItsIndex) {
  const auto first = R"("id": "a1", "function": )" + oslo;
  const auto second = R"("id": "a2", "function": )" + rome;
  for (const std::string index : {"", R"("index": 0, )", R"("index": null, )", R"("index": -1, )"}) {
    EXPECT_THAT(calls_of({"{" + index + first + "}", "{" + index + second + "}"}), both) << index;
    EXPECT_THAT(calls_of({"{" + index + first + "}, {" + index + second + "}"}), both) << index;
  }
}

TEST(ChatStream, ANameAfterWholeArgumentsBeginsANewCall) {
  for (const std::string id : {"", R"("id": "", )", R"("id": null, )"})
    for (const std::string index : {"", R"("index": 0, )"}) {
      const auto start = "{" + id + index + R"("function": )";
      EXPECT_THAT(calls_of({start + oslo + "}", start + rome + "}"}), both) << start;
      EXPECT_THAT(calls_of({start + oslo + "}, " + start + rome + "}"}), both) << start;
    }
}

TEST(ChatStream, ANameAndAnIdMayBeToldAgainWithEachPiece) {
  const std::vector<std::string> arguments = {"", R"({\"place\": )", R"(\"Oslo\"})", ""};
  for (const std::string index : {"", R"("index": 0, )"})
    for (const std::string id : {"", R"("id": "a1", )", R"("id": "", )"}) {
      std::vector<std::string> pieces;
      for (const auto& each : arguments)
        pieces.push_back("{" + index + id + R"("function": {"name": "weather", "arguments": ")" + each + R"("}})");
      EXPECT_THAT(calls_of(pieces), only_oslo) << index << id;
    }
}

TEST(ChatStream, AnIdNameAndIndexMayStandInTheFirstPieceOnly) {
  EXPECT_THAT(calls_of({R"({"id": "a1", "function": {"name": "weather", "arguments": ""}})",
                        R"({"function": {"arguments": "{\"place\": "}})",
                        R"({"id": "", "function": {"name": "", "arguments": "\"Oslo\"}"}})",
                        R"({"id": "a2", "function": {"name": "weather", "arguments": "{\"place\": "}})",
                        R"({"id": null, "function": {"name": null, "arguments": "\"Rome\"}"}})"}),
              both);
}

TEST(ChatStream, ArgumentsAloneGoOnThoughTheirIdIsNew) {
  EXPECT_THAT(calls_of({R"({"index": 0, "id": "r1", "function": {"name": "weather"}})",
                        R"({"index": 0, "id": "r2", "function": {"arguments": "{\"place\": "}})",
                        R"({"index": 0, "id": "r3", "function": {"arguments": "\"Oslo\"}"}})",
                        R"({"index": 0, "id": "r4", "function": {"arguments": ""}})"}),
              only_oslo);
}

TEST(ChatStream, CallsMayComeInterleavedAndOutOfOrder) {
  EXPECT_THAT(calls_of({R"({"index": 1, "id": "a2", "function": {"name": "weather", "arguments": "{\"place\": "}})",
                        R"({"index": 0, "id": "a1", "function": {"name": "weather", "arguments": "{\"place\": "}})",
                        R"({"index": 1, "function": {"arguments": "\"Rome\"}"}})",
                        R"({"index": 0, "function": {"arguments": "\"Oslo\"}"}})"}),
              both);
  EXPECT_THAT(calls_of({R"({"id": "a1", "function": {"name": "weather", "arguments": "{\"place\": "}})",
                        R"({"id": "a2", "function": {"name": "weather", "arguments": "{\"place\": "}})",
                        R"({"id": "a1", "function": {"arguments": "\"Oslo\"}"}})",
                        R"({"id": "a2", "function": {"arguments": "\"Rome\"}"}})"}),
              both);
}

TEST(ChatStream, OneIdForAllCallsDoesNotJoinThem) {
  EXPECT_THAT(calls_of({R"({"index": 0, "id": "call", "function": )" + oslo + "}",
                        R"({"index": 1, "id": "call", "function": )" + rome + "}"}),
              both);
}

TEST(ChatStream, ArgumentsComeInManyForms) {
  const auto ping = [](const std::string& arguments) {
    return calls_of({R"({"id": "a", "function": {"name": "ping", "arguments": )" + arguments + "}}"});
  };
  for (const auto* nothing : {"null", R"("")", R"(" ")", "{}", R"("{}")", "[]", R"("[]")", R"("null")"})
    EXPECT_THAT(ping(nothing), ElementsAre("ping({})")) << nothing;
  for (const auto* object : {R"({"a": "}"})", R"("{\"a\": \"}\"}")", R"("\"{\\\"a\\\": \\\"}\\\"}\"")"})
    EXPECT_THAT(ping(object), ElementsAre(R"(ping({"a": "}"}))")) << object;
  EXPECT_THAT(calls_of({R"({"id": "a", "function": {"name": "ping"}})"}), ElementsAre("ping({})"));
}

TEST(ChatStream, AFunctionOfNullIsNoFunctionYet) {
  EXPECT_THAT(calls_of({R"({"index": 0, "id": "a1", "function": null})", R"({"index": 0, "function": )" + oslo + "}"}),
              only_oslo);
  EXPECT_THAT(calls_of({R"({"id": "a1", "function": )" + oslo + "}", R"({"id": "a2", "function": null})",
                        R"({"function": )" + rome + "}"}),
              both);
  EXPECT_THAT(calls_of({R"({"index": 0, "id": "a1", "function": )" + oslo + "}", R"({"index": 0, "function": null})"}),
              only_oslo);
}

TEST(ChatStream, ArgumentsThatComeOnceMoreReplaceThoseBefore) {
  EXPECT_THAT(calls_of({R"({"index": 0, "id": "a1", "function": {"name": "weather", "arguments": "{}"}})",
                        R"({"index": 0, "function": {"arguments": "{\"place\": "}})",
                        R"({"index": 0, "function": {"arguments": "\"Oslo\"}"}})"}),
              only_oslo);
  const auto whole = R"({"index": 0, "id": "a1", "function": )" + oslo + "}";
  EXPECT_THAT(calls_of({whole, whole}), only_oslo);
}

TEST(ChatStream, ANumberMayBeATextOrHaveAPoint) {
  for (const auto& [zero, one] : {std::pair(R"("0")", R"("1")"), std::pair("0.0", "1.0")}) {
    const auto piece = [&](const char* index, const std::string& function) {
      return R"({"index": )" + std::string(index) + R"(, "function": )" + function + "}";
    };
    EXPECT_THAT(calls_of({piece(zero, R"({"name": "weather", "arguments": "{\"place\": "})"),
                          piece(one, R"({"name": "weather", "arguments": "{\"place\": "})"),
                          piece(zero, R"({"arguments": "\"Oslo\"}"})"), piece(one, R"({"arguments": "\"Rome\"}"})")}),
                both)
        << zero;
  }
}

TEST(ChatStream, NameAndArgumentsMayBeToldFromTheirBeginningEachTime) {
  EXPECT_THAT(calls_of({R"({"index": 0, "id": "a1", "function": {"name": "wea"}})",
                        R"({"index": 0, "function": {"name": "weather", "arguments": "{\"place\""}})",
                        R"({"index": 0, "function": {"arguments": "{\"place\": \"Oslo"}})",
                        R"({"index": 0, "function": {"arguments": "{\"place\": \"Oslo\"}"}})"}),
              only_oslo);
  EXPECT_THAT(calls_of({R"({"index": 0, "function": {"name": "nest", "arguments": "{\"a\": "}})",
                        R"({"index": 0, "function": {"arguments": "{\"a\": 1}"}})",
                        R"({"index": 0, "function": {"arguments": "}"}})"}),
              ElementsAre(R"(nest({"a": {"a": 1}}))"))
      << "pieces that fit one behind the other are pieces";
}

TEST(ChatStream, ACallMayHaveNoFunctionAroundIt) {
  EXPECT_THAT(calls_of({R"({"index": 0, "id": "a1", "name": "weather", "arguments": {"place": "Oslo"}})"}), only_oslo);
}

TEST(ChatStream, TheCallOfOlderServicesIsOne) {
  const auto result = of_deltas({R"({"function_call": {"name": "weather", "arguments": ""}})",
                                 R"({"function_call": {"arguments": "{\"place\": \"Oslo\"}"}})"});
  EXPECT_THAT(result.message.tool_calls(), ElementsAre(ToolCall{"weather", {{"place", "Oslo"}}, ""}));
}

TEST(ChatStream, WarnsOfCallsThatMakeNoSense) {
  const auto result = of_deltas({R"({"tool_calls": [{"index": 0, "id": "a1", "function": {"arguments": "{}"}}]})",
                                 R"({"tool_calls": [{"index": 1, "function": {"name": "f", "arguments": "[1]"}}]})"});
  EXPECT_THAT(result.message.tool_calls(), IsEmpty());
  EXPECT_THAT(result.warnings, ElementsAre(HasSubstr("without a name"), HasSubstr("Tool name: f, Arguments: [1]")));
}

TEST(ChatStream, NumbersCallsAsTheyComeTogether) {
  const auto result = of_deltas({R"({"tool_calls": [{"index": 0, "id": "a1", "function": )" + oslo + "}]}",
                                 R"({"tool_calls": [{"index": 0, "id": "a2", "function": )" + rome + "}]}"});
  EXPECT_EQ(result.chunks.at(0).tool_calls.at(0).index, 0);
  EXPECT_EQ(result.chunks.at(1).tool_calls.at(0).index, 1);
  EXPECT_EQ(result.chunks.at(1).index, 1);
  EXPECT_TRUE(result.chunks.at(1).start);
}

TEST(ChatStream, CallsAreTheSameHoweverTheirArgumentsAreCut) {
  std::mt19937 random(1);
  const std::string arguments = R"({"text": "a \"}{\" \\", "list": [{"x": {}}, "ü"], "n": {"m": [1, 2]}})";
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> pieces;
    const bool indexed = random() % 2 == 0;
    for (const std::string id : {"a1", "a2"})
      for (std::size_t at = 0, size = 0; at < arguments.size(); at += size) {
        size = random() % 12 + 1;
        while (at + size < arguments.size() && (static_cast<unsigned char>(arguments[at + size]) & 0xC0U) == 0x80U)
          ++size;
        Value::Object function{{"arguments", arguments.substr(at, size)}};
        if (at == 0 || random() % 2 == 0) function.set("name", "f");
        Value::Object call{{"function", std::move(function)}};
        if (at == 0 || random() % 2 == 0) call.set("id", id);
        if (indexed) call.set("index", 0);
        pieces.push_back(Value(call).to_json());
      }
    const auto expected = "f(" + Value::from_json(arguments).to_json() + ")";
    ASSERT_THAT(calls_of(pieces), ElementsAre(expected, expected)) << testing::PrintToString(pieces);
  }
}

TEST(ChatStream, ReasoningHasAPlaceOfItsOwn) {
  for (
      const std::string thought :
      {R"("reasoning_content": "Hmm.")", R"("reasoning": "Hmm.")",
       R"("reasoning": "Hmm.", "reasoning_content": "Hmm.")",
       R"("reasoning": "Hmm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hmm."}])",
       R"("reasoning_details": [{"type": "reasoning.summary", "summary": "Hmm."}, {"type": "reasoning.encrypted", "data": "x"}])",
       R"("thinking": "Hmm.")", R"("reasoning_text": "Hmm.")",
       R"("content": [{"type": "thinking", "thinking": "Hmm."}])",
       R"("content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hmm."}], "closed": true}])",
       R"("content": [{"type": "reasoning", "text": "Hmm."}])"}) {
    const auto result =
        of_deltas({R"({"role": "assistant", "content": ""})", "{" + thought + "}", R"({"content": "Okay"})"});
    EXPECT_EQ(result.message.text(), "Okay") << thought;
    ASSERT_TRUE(result.message.reasoning()) << thought;
    EXPECT_EQ(result.message.reasoning()->reasoning_text, "Hmm.") << thought;
    EXPECT_EQ(result.chunks.at(1).reasoning, (ReasoningContent{.reasoning_text = "Hmm."}));
    EXPECT_TRUE(result.chunks.at(1).start);
    EXPECT_TRUE(result.chunks.at(2).start);
    EXPECT_EQ(result.chunks.at(2).index, 1);
  }
}

TEST(ChatStream, ContentComesInManyForms) {
  for (const auto* content :
       {R"("Okay")", R"([{"type": "text", "text": "Okay"}])", R"({"type": "text", "text": "Okay"})",
        R"(["Ok", {"text": "ay"}])", R"([{"type": "reference", "ids": [1]}, {"text": "Okay"}])"})
    EXPECT_EQ(of_deltas({std::string(R"({"content": )") + content + "}"}).message.text(), "Okay") << content;
  for (const auto* nothing : {"null", R"("")", "[]", R"([{"type": "text", "text": ""}])"})
    EXPECT_EQ(of_deltas({std::string(R"({"content": )") + nothing + "}"}).message.text(), std::nullopt) << nothing;
}

TEST(ChatStream, AChoiceMayHaveATextInsteadOfAMessage) {
  const auto result = result_of({R"({"choices": [{"text": "Hel"}]})", R"({"choices": [{"text": "lo"}]})",
                                 R"({"choices": [{"text": "", "finish_reason": "stop"}]})"});
  EXPECT_EQ(result.message.text(), "Hello");
  EXPECT_EQ(of_deltas({R"({"content": [{"type": "text", "text": {"value": "Hello"}}]})"}).message.text(), "Hello");
}

TEST(ChatStream, PiecesWithoutChoicesTellOtherThings) {
  const auto result = result_of({R"({"model": "", "choices": [], "prompt_filter_results": []})", R"({"type": "ping"})",
                                 R"({"model": "m", "choices": [{"delta": {"content": "Hi"}, "finish_reason": null}]})",
                                 R"({"model": "m", "choices": [{"delta": null, "finish_reason": "stop"}]})",
                                 R"({"choices": null, "usage": {"total_tokens": 5}})"});
  EXPECT_EQ(result.message.text(), "Hi");
  EXPECT_EQ(result.message.meta().at("model"), Value("m"));
  EXPECT_EQ(result.message.meta().at("finish_reason"), Value("stop"));
  EXPECT_EQ(result.message.meta().at("usage").to_json(), R"({"total_tokens": 5})");
  EXPECT_TRUE(result.chunks.at(2).start);
}

TEST(ChatStream, UsageStandsInSeveralPlaces) {
  for (const auto* last : {R"({"choices": [{"delta": {}, "usage": {"total_tokens": 5}}]})",
                           R"({"choices": [{"delta": {}}], "usage": null, "x_groq": {"usage": {"total_tokens": 5}}})"})
    EXPECT_EQ(result_of({last}).message.meta().at("usage").to_json(), R"({"total_tokens": 5})") << last;
}

TEST(ChatStream, AnEmptyTextIsNoReasonToFinish) {
  for (const auto* reason : {R"("")", "null", R"("null")"}) {
    ChatStream stream;
    stream.add(Value::from_json(std::string(R"({"choices": [{"delta": {"content": "a"}, "finish_reason": )") + reason +
                                "}]}"));
    EXPECT_FALSE(stream.is_finished()) << reason;
  }
}

TEST(ChatStream, TheWholeAtTheEndIsNotAddedToItsPieces) {
  const auto result =
      result_of({R"({"choices": [{"delta": {"role": "assistant"}}]})", R"({"choices": [{"delta": {"content": "H"}}]})",
                 R"({"choices": [{"delta": {"content": "i"}}]})",
                 R"({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})"});
  EXPECT_EQ(result.message.text(), "Hi");
  EXPECT_EQ(result.message.meta().at("finish_reason"), Value("stop"));
  const auto whole = result_of(
      {R"({"choices": [{"delta": {"role": "assistant"}}]})", R"({"choices": [{"message": {"content": "Hi"}}]})"});
  EXPECT_EQ(whole.message.text(), "Hi");
}

TEST(ChatStream, ASingleCallNeedsNoList) {
  const auto result = of_deltas({R"({"tool_calls": {"index": 0, "id": "", "function": )" + oslo + "}}"});
  EXPECT_EQ(result.message.tool_calls().size(), 1U);
}

TEST(ChatStream, AWholeAnswerIsFinishedWithoutAReason) {
  ChatStream stream;
  stream.add(Value::from_json(R"({"choices": [{"message": {"content": "Hi"}}]})"));
  EXPECT_TRUE(stream.is_finished());
}

TEST(ChatStream, AWholeAnswerIsOnePiece) {
  const auto result =
      result_of({R"({"choices": [{"message": {"role": "assistant", "content": "Hi", "reasoning": "Hm", "tool_calls": [
      {"id": "a1", "function": )" +
                 oslo + R"(}, {"id": "a2", "function": )" + rome + R"(}]}, "finish_reason": "stop"}]})"});
  EXPECT_EQ(result.message.text(), "Hi");
  EXPECT_EQ(result.message.reasoning()->reasoning_text, "Hm");
  EXPECT_EQ(result.message.tool_calls().size(), 2);
}

}  // namespace
}  // namespace berth
