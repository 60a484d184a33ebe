#include "component/tool_parser.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(ToolParser, FindsTheCallOfATool) {
  const ToolCall weather{.tool_name = "weather", .arguments = {{"city", "Paris"}}};
  EXPECT_EQ(parse_tool_call(R"({"name": "weather", "arguments": {"city": "Paris"}})"), weather);
  EXPECT_EQ(
      parse_tool_call("<tool_call>\n{\"name\": \"weather\",\n \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>"),
      weather);
  EXPECT_EQ(parse_tool_call(R"({"function": {"name": "weather", "arguments": {"city": "Paris"}}})"), weather);
}

TEST(ToolParser, FindsNoneWhereThereIsNone) {
  for (const auto* text : {"", "It rains.", R"({"name": "weather"})", R"({"name": "weather", "arguments": {city}})",
                           R"({"arguments": {"city": "Paris"}})"})
    EXPECT_EQ(parse_tool_call(text), std::nullopt) << text;
}

}  // namespace
}  // namespace berth
