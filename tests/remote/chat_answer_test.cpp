#include "remote/chat_answer.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "remote/service_error.h"

namespace berth {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const HttpRequest request{.url = "http://localhost/v1/chat/completions"};

struct Taken {
  std::vector<std::string> pieces;
  bool done;
};

/// The same however the bytes are cut, which each call checks.
Taken taken(const std::string& body) {
  const auto in_steps = [&](std::size_t step) {
    Taken result{};
    ChatAnswer answer(request, [&](const Value& json) { result.pieces.push_back(json.to_json()); });
    for (std::size_t at = 0; at < body.size(); at += step) answer.feed(std::string_view(body).substr(at, step));
    answer.finish();
    result.done = answer.is_done();
    return result;
  };
  const auto whole = in_steps(body.size() + 1);
  for (const std::size_t step : {1, 2, 7}) EXPECT_EQ(in_steps(step).pieces, whole.pieces);
  return whole;
}

std::string failure(const std::string& body) {
  try {
    taken(body);
  } catch (const RemoteError& error) {
    return error.what();
  }
  return "it went well";
}

TEST(ChatAnswer, GivesThePiecesOfEvents) {
  const auto all = taken("data: {\"a\": 1}\n\ndata:{\"a\":\ndata: 2}\n\ndata: [DONE]\n\ndata: {\"a\": 3}\n\n");
  EXPECT_THAT(all.pieces, ElementsAre(R"({"a": 1})", R"({"a": 2})"));
  EXPECT_TRUE(all.done);
}

TEST(ChatAnswer, PassesOverWhatOnlyKeepsTheConnectionOpen) {
  EXPECT_THAT(taken("\n\n: keep-alive\n\ndata:\n\ndata: \n\ndata: null\n\nevent: ping\ndata: now\n\nid: 7\nretry: 5\n\n"
                    "event: message\ndata: {}\n\n")
                  .pieces,
              ElementsAre("{}"));
}

TEST(ChatAnswer, GivesTheWholeWhereAServiceDoesNotStream) {
  for (const std::string before : {"", "\n\n  ", "\xef\xbb\xbf", "\xef\xbb\xbf\r\n"}) {
    const auto all = taken(before + "{\n \"a\":\n\n 1}\n");
    EXPECT_THAT(all.pieces, ElementsAre(R"({"a": 1})"));
    EXPECT_FALSE(all.done);
  }
  EXPECT_THAT(taken("{\"a\": 1}\n{\"a\": 2}\n").pieces, ElementsAre(R"({"a": 1})", R"({"a": 2})"));
}

TEST(ChatAnswer, DividesEventsWithoutABlankLineBetween) {
  const auto all = taken("data: {\"a\": 1}\ndata: {\"a\": 2}\n\ndata: {\"a\": 3}\ndata: [DONE]\n\n");
  EXPECT_THAT(all.pieces, ElementsAre(R"({"a": 1})", R"({"a": 2})", R"({"a": 3})"));
  EXPECT_TRUE(all.done);
}

TEST(ChatAnswer, TakesALastEventWithoutItsEnd) {
  for (const auto* end : {"", "\n", "\r", "\r\n", "\n\n"})
    EXPECT_THAT(taken(std::string("data: {\"a\": 1}") + end).pieces, ElementsAre(R"({"a": 1})"));
  EXPECT_THAT(taken("data: {\"a\": 1}\n\ndata: {\"a\":").pieces, ElementsAre(R"({"a": 1})")) << "it was cut";
  EXPECT_THAT(taken("").pieces, IsEmpty());
}

TEST(ChatAnswer, AnEventOfAnErrorIsOne) {
  const auto message = [](const std::string& body) { return error_in(Value::from_json(taken(body).pieces.at(0))); };
  EXPECT_EQ(message("event: error\ndata: out of memory\n\n"), "out of memory");
  EXPECT_EQ(message("event: error\ndata: {\"message\": \"busy\"}\n\n"), "busy");
  EXPECT_EQ(message("event: error\ndata: {\"error\": {\"message\": \"busy\"}}\n\n"), "busy");
}

TEST(ChatAnswer, SaysWhatIsNoJson) {
  EXPECT_THAT(failure("data: {\"a\": \n\n"), HasSubstr("The answer is not JSON: at byte"));
  EXPECT_THAT(failure("{\"a\": "), HasSubstr("The answer is not JSON"));
  EXPECT_THAT(failure("{\"a\": "), HasSubstr("it begins with"));
  EXPECT_THAT(failure("data: {\"a\": 1}\ndata: x\n\n"), HasSubstr("The answer is not JSON"));
}

TEST(ChatAnswer, TellsEventsFromJson) {
  EXPECT_TRUE(ChatAnswer::is_event_stream("\n: keep-alive\n\n"));
  EXPECT_TRUE(ChatAnswer::is_event_stream("data: {}\n\n"));
  for (const auto* other : {"", " ", "{}", "<html>"}) EXPECT_FALSE(ChatAnswer::is_event_stream(other));
}

TEST(ServiceError, IsFoundInManyForms) {
  for (const auto* busy :
       {R"({"error": "busy"})", R"({"error": {"message": "busy"}})", R"({"error": {"detail": "busy"}})",
        R"([{"error": {"message": "busy"}}])", R"({"object": "error", "message": "busy"})",
        R"({"choices": [{"error": {"message": "busy"}, "finish_reason": "error"}]})", R"({"detail": "busy"})",
        R"({"type": "error", "message": "busy"})", R"({"code": 1301, "message": "busy"})",
        R"({"base_resp": {"status_code": 1004, "status_msg": "busy"}})"})
    EXPECT_EQ(error_in(Value::from_json(busy)), "busy") << busy;
  EXPECT_THAT(*error_in(Value::from_json(R"({"error": {"code": 529}})")), HasSubstr(R"({"code": 529})"));
  EXPECT_TRUE(error_in(Value::from_json(R"({"choices": [{"finish_reason": "error"}]})")));
  EXPECT_TRUE(error_in(Value::from_json(R"({"error": true})")));
}

TEST(ServiceError, OfNothingIsNone) {
  for (const auto* fine : {"{}", "[]", "null", R"({"error": null})", R"({"error": ""})", R"({"error": {}})",
                           R"({"error": false})", R"({"error": 0})", R"({"choices": []})", R"({"choices": [{}]})",
                           R"({"type": "ping"})", R"({"message": "Hello"})", R"({"code": 0, "message": "ok"})",
                           R"({"choices": [{}], "base_resp": {"status_code": 0, "status_msg": ""}})"})
    EXPECT_EQ(error_in(Value::from_json(fine)), std::nullopt) << fine;
}

}  // namespace
}  // namespace berth
