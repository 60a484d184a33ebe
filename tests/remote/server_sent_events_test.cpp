#include "remote/server_sent_events.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace berth {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;

using Events = std::vector<ServerSentEvent>;

Events events_of(const std::vector<std::string>& pieces) {
  Events events;
  ServerSentEvents stream([&](const ServerSentEvent& event) { events.push_back(event); });
  for (const auto& piece : pieces) stream.feed(piece);
  return events;
}

Events events_of(const std::string& text) { return events_of(std::vector{text}); }

TEST(ServerSentEvents, EndAtABlankLine) {
  EXPECT_THAT(events_of("data: one\n\ndata: two\n\ndata: not ended\n"),
              ElementsAre(ServerSentEvent{"", "one"}, ServerSentEvent{"", "two"}));
}

TEST(ServerSentEvents, JoinTheirLinesOfData) {
  EXPECT_THAT(events_of("event: poem\ndata: roses\ndata:\ndata:violets\n\n"),
              ElementsAre(ServerSentEvent{"poem", "roses\n\nviolets"}));
}

TEST(ServerSentEvents, LoseOneBlankAfterTheColonOnly) {
  EXPECT_THAT(events_of("data:  two blanks\n\ndata:none\n\n"),
              ElementsAre(ServerSentEvent{"", " two blanks"}, ServerSentEvent{"", "none"}));
}

TEST(ServerSentEvents, EndTheirLinesInThreeWays) {
  for (const std::string end : {"\n", "\r\n", "\r"})
    EXPECT_THAT(events_of("data: a" + end + "data: b" + end + end + "data: c" + end + end),
                ElementsAre(ServerSentEvent{"", "a\nb"}, ServerSentEvent{"", "c"}));
}

TEST(ServerSentEvents, PassOverCommentsUnknownFieldsAndAByteOrderMark) {
  EXPECT_THAT(events_of("\xef\xbb\xbf"
                        "data: first\n: keep-alive\nid: 7\nretry: 5\nwhatever\n\n"),
              ElementsAre(ServerSentEvent{"", "first"}));
}

TEST(ServerSentEvents, WithoutDataAreNone) {
  EXPECT_THAT(events_of("event: ping\n\n\n\ndata\n"), IsEmpty());
  EXPECT_THAT(events_of("event: ping\n\ndata: x\n\n"), ElementsAre(ServerSentEvent{"", "x"}));
}

TEST(ServerSentEvents, AreTheSameWhereverTheirBytesAreCut) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const auto text =
        "\xef\xbb\xbf"
        "event: e" +
        end + "data: Grüße 🚢" + end + "data: 2" + end + end + "data: 3" + end + end;
    const auto whole = events_of(text);
    ASSERT_THAT(whole, ElementsAre(ServerSentEvent{"e", "Grüße 🚢\n2"}, ServerSentEvent{"", "3"}));
    for (std::size_t first = 0; first <= text.size(); ++first)
      for (std::size_t second = first; second <= text.size(); ++second)
        ASSERT_EQ(events_of({text.substr(0, first), text.substr(first, second - first), text.substr(second)}), whole)
            << "cut at " << first << " and " << second;
  }
}

}  // namespace
}  // namespace berth
