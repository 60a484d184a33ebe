/// The parts that a ChatMessage is made of. Their dictionary forms are those of Haystack's classes of the same names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "berth/value.h"

namespace berth {

struct TextContent {
  static constexpr std::string_view class_name = "TextContent";

  std::string text = {};

  bool operator==(const TextContent&) const = default;
  Value to_dict() const;
  static TextContent from_dict(const Value& dict);  ///< throws std::invalid_argument
};

/// A call that a model wants done.
struct ToolCall {
  static constexpr std::string_view class_name = "ToolCall";

  std::string tool_name = {};
  Value::Object arguments = {};
  std::optional<std::string> id = {};
  std::optional<Value::Object> extra = {};

  bool operator==(const ToolCall&) const = default;
  Value to_dict() const;
  static ToolCall from_dict(const Value& dict);  ///< throws std::invalid_argument
};

/// An image in base64.
struct ImageContent {
  static constexpr std::string_view class_name = "ImageContent";

  std::string base64_image = {};
  std::optional<std::string> mime_type = {};
  std::optional<std::string> detail = {};  ///< "auto", "high" or "low"; OpenAI's
  Value::Object meta = {};
  bool validation = true;  ///< checked where a message or a dictionary brings it, see validate()

  /// Throws std::invalid_argument for what is no base64 and a type that is no image's; fills in an absent `mime_type`
  /// where the first bytes tell it (PNG, JPEG, GIF, WebP, BMP, TIFF). Does nothing without `validation`.
  void validate();

  bool operator==(const ImageContent&) const = default;
  Value to_dict() const;
  static ImageContent from_dict(const Value& dict);  ///< throws std::invalid_argument
};

/// A file in base64.
struct FileContent {
  static constexpr std::string_view class_name = "FileContent";

  std::string base64_data = {};
  std::optional<std::string> mime_type = {};
  std::optional<std::string> filename = {};
  Value::Object extra = {};
  bool validation = true;

  void validate();  ///< as ImageContent's, of any type; the first bytes tell PDF too

  bool operator==(const FileContent&) const = default;
  Value to_dict() const;
  static FileContent from_dict(const Value& dict);  ///< throws std::invalid_argument
};

/// What a model thought before it answered.
struct ReasoningContent {
  static constexpr std::string_view class_name = "ReasoningContent";

  std::string reasoning_text = {};
  Value::Object extra = {};

  bool operator==(const ReasoningContent&) const = default;
  Value to_dict() const;
  static ReasoningContent from_dict(const Value& dict);  ///< throws std::invalid_argument
};

/// What came of a ToolCall.
struct ToolCallResult {
  static constexpr std::string_view class_name = "ToolCallResult";
  using Result = std::variant<std::string, std::vector<std::variant<TextContent, ImageContent>>>;

  Result result = {};
  ToolCall origin = {};
  bool error = false;

  bool operator==(const ToolCallResult&) const = default;
  Value::Object attributes() const;  ///< what templates see
  Value to_dict() const;
  static ToolCallResult from_dict(const Value& dict);  ///< throws std::invalid_argument
};

using ContentPart = std::variant<TextContent, ToolCall, ToolCallResult, ImageContent, ReasoningContent, FileContent>;

/// {"text": ...}, {"tool_call": {...}}, {"tool_call_result": {...}}, {"image": {...}}, {"reasoning": {...}} or
/// {"file": {...}}.
Value content_part_to_dict(const ContentPart& part);
ContentPart content_part_from_dict(const Value& dict);  ///< throws std::invalid_argument

}  // namespace berth
