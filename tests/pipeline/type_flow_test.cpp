#include "pipeline/type_flow.h"

#include <gtest/gtest.h>

#include "berth/chat_message.h"

namespace berth {
namespace {

const Type str = "str";
const Type message = "ChatMessage";
const Type document = "Document";

Type list(const Type& element) { return Type::list_of(element); }

TEST(TypeFlow, KeepsToTheTypesThatWereDeclared) {
  EXPECT_TRUE(is_subtype(str, str));
  EXPECT_TRUE(is_subtype(str, Type::any()));
  EXPECT_FALSE(is_subtype(Type::any(), str));
  EXPECT_TRUE(is_subtype("bool", "int"));
  EXPECT_TRUE(is_subtype(str, Type::optional(str)));
  EXPECT_FALSE(is_subtype(Type::optional(str), str));
  EXPECT_TRUE(is_subtype(list(str), "list"));
  EXPECT_FALSE(is_subtype("list", list(str)));
  EXPECT_TRUE(is_subtype(list(str), list(Type::optional(str))));
  EXPECT_FALSE(is_subtype(list(list(str)), list(str)));
  EXPECT_TRUE(is_subtype(Type::dict_of("int"), Type::dict_of(Type::any())));
  EXPECT_EQ(flow("int", str), std::nullopt);
  EXPECT_EQ(flow(list(document), document), std::nullopt) << "the rest of the list would be dropped";
}

TEST(TypeFlow, ConvertsWhereHaystackDoes) {
  EXPECT_EQ(flow(str, str), Conversion::none);
  EXPECT_EQ(flow(message, str), Conversion::chat_message_to_str);
  EXPECT_EQ(flow(str, message), Conversion::str_to_chat_message);
  EXPECT_EQ(flow(document, list(document)), Conversion::wrap);
  EXPECT_EQ(flow(message, list(str)), Conversion::wrap_chat_message_to_str);
  EXPECT_EQ(flow(str, list(message)), Conversion::wrap_str_to_chat_message);
  EXPECT_EQ(flow(list(str), str), Conversion::unwrap);
  EXPECT_EQ(flow(list(str), message), Conversion::unwrap_str_to_chat_message);
  EXPECT_EQ(flow(list(message), str), Conversion::unwrap_chat_message_to_str);
  EXPECT_EQ(flow(list(message), Type::union_of({list(message), str})), Conversion::none);
  EXPECT_EQ(flow(str, Type::optional(list(str))), Conversion::wrap);
}

TEST(TypeFlow, ConvertedValuesAreOfTheOtherType) {
  const Value hi = ChatMessage::from_user("hi");
  EXPECT_EQ(convert(hi, Conversion::chat_message_to_str), Value("hi"));
  EXPECT_EQ(convert("hi", Conversion::str_to_chat_message), hi);
  EXPECT_EQ(convert(3, Conversion::wrap), Value(Value::Array{3}));
  EXPECT_EQ(convert(hi, Conversion::wrap_chat_message_to_str), Value(Value::Array{"hi"}));
  EXPECT_EQ(convert("hi", Conversion::wrap_str_to_chat_message), Value(Value::Array{hi}));
  EXPECT_EQ(convert(Value::Array{"hi"}, Conversion::unwrap), Value("hi"));
  EXPECT_EQ(convert(Value::Array{"hi"}, Conversion::unwrap_str_to_chat_message), hi);
  EXPECT_EQ(convert(Value::Array{hi}, Conversion::unwrap_chat_message_to_str), Value("hi"));
  EXPECT_THROW(convert(Value::Array{}, Conversion::unwrap), std::invalid_argument);
  EXPECT_THROW(convert(Value::Array{"a", "b"}, Conversion::unwrap), std::invalid_argument);
  EXPECT_THROW(convert(ChatMessage(), Conversion::chat_message_to_str), std::invalid_argument);
}

}  // namespace
}  // namespace berth
