#include "berth/chat_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "dataclasses/base64.h"
#include "dataclasses/dict_fields.h"
#include "text/printable.h"
#include "value/python_text.h"

namespace berth {
namespace {

/// Those that Haystack takes for an image's.
constexpr std::array<std::string_view, 22> image_mime_types = {"application/pdf", "application/postscript",
                                                               "image/bmp",       "image/gif",
                                                               "image/icns",      "image/jp2",
                                                               "image/jpeg",      "image/jpg",
                                                               "image/mpo",       "image/palm",
                                                               "image/png",       "image/sgi",
                                                               "image/tiff",      "image/vnd.adobe.photoshop",
                                                               "image/webp",      "image/x-icon",
                                                               "image/x-pcx",     "image/x-portable-anymap",
                                                               "image/x-tga",     "image/xbm",
                                                               "image/xpm",       "video/mpeg"};

void check_base64(const std::string& text) {
  if (!is_base64(text)) throw std::invalid_argument("The base64 string is not valid");
}

}  // namespace

Value TextContent::to_dict() const { return Value::Object{{"text", text}}; }

TextContent TextContent::from_dict(const Value& dict) {
  TextContent content;
  DictFields(class_name, dict, {"text"}).read_required("text", content.text);
  return content;
}

Value ToolCall::to_dict() const {
  return Value::Object{
      {"tool_name", tool_name}, {"arguments", arguments}, {"id", to_value(id)}, {"extra", to_value(extra)}};
}

ToolCall ToolCall::from_dict(const Value& dict) {
  const DictFields fields(class_name, dict, {"tool_name", "arguments", "id", "extra"});
  ToolCall call;
  fields.read_required("tool_name", call.tool_name);
  fields.read_required("arguments", call.arguments);
  fields.read("id", call.id);
  fields.read("extra", call.extra);
  return call;
}

void ImageContent::validate() {
  if (!validation) return;
  check_base64(base64_image);
  if (mime_type.value_or("").empty()) mime_type = mime_type_of_base64(base64_image);
  if (!mime_type.value_or("").empty() && std::ranges::find(image_mime_types, *mime_type) == image_mime_types.end())
    throw std::invalid_argument(fmt::format("{} is not a valid image MIME type.", printable(*mime_type)));
}

Value ImageContent::to_dict() const {
  return Value::Object{{"base64_image", base64_image},
                       {"mime_type", to_value(mime_type)},
                       {"detail", to_value(detail)},
                       {"meta", meta},
                       {"validation", validation}};
}

ImageContent ImageContent::from_dict(const Value& dict) {
  const DictFields fields(class_name, dict, {"base64_image", "mime_type", "detail", "meta", "validation"});
  ImageContent image;
  fields.read_required("base64_image", image.base64_image);
  fields.read("mime_type", image.mime_type);
  fields.read("detail", image.detail);
  fields.read("meta", image.meta);
  fields.read("validation", image.validation);
  image.validate();
  return image;
}

void FileContent::validate() {
  if (!validation) return;
  check_base64(base64_data);
  if (mime_type.value_or("").empty()) mime_type = mime_type_of_base64(base64_data);
}

Value FileContent::to_dict() const {
  return Value::Object{{"base64_data", base64_data},
                       {"mime_type", to_value(mime_type)},
                       {"filename", to_value(filename)},
                       {"extra", extra},
                       {"validation", validation}};
}

FileContent FileContent::from_dict(const Value& dict) {
  const DictFields fields(class_name, dict, {"base64_data", "mime_type", "filename", "extra", "validation"});
  FileContent file;
  fields.read_required("base64_data", file.base64_data);
  fields.read("mime_type", file.mime_type);
  fields.read("filename", file.filename);
  fields.read("extra", file.extra);
  fields.read("validation", file.validation);
  file.validate();
  return file;
}

Value ReasoningContent::to_dict() const { return Value::Object{{"reasoning_text", reasoning_text}, {"extra", extra}}; }

ReasoningContent ReasoningContent::from_dict(const Value& dict) {
  const DictFields fields(class_name, dict, {"reasoning_text", "extra"});
  ReasoningContent reasoning;
  fields.read_required("reasoning_text", reasoning.reasoning_text);
  fields.read("extra", reasoning.extra);
  return reasoning;
}

Value::Object ToolCallResult::attributes() const {
  Value shown;
  if (const auto* text = std::get_if<std::string>(&result)) {
    shown = *text;
  } else {
    Value::Array parts;
    for (const auto& part : std::get<1>(result))
      parts.push_back(std::visit([](const auto& one) { return Value(one); }, part));
    shown = std::move(parts);
  }
  return {{"result", std::move(shown)}, {"origin", origin}, {"error", error}};
}

Value ToolCallResult::to_dict() const {
  auto fields = attributes();
  fields.set("origin", origin.to_dict());
  if (const auto* list = std::get_if<1>(&result)) {
    Value::Array parts;
    for (const auto& part : *list)
      parts.push_back(std::visit([](const auto& one) { return content_part_to_dict(one); }, part));
    fields.set("result", std::move(parts));
  }
  return fields;
}

ToolCallResult ToolCallResult::from_dict(const Value& dict) {
  const auto& given = dict.as_object();
  for (const auto* name : {"result", "origin", "error"}) {
    if (given.contains(name)) continue;
    Value::Array names;
    for (const auto& [each, value] : given) names.push_back(each);
    throw std::invalid_argument(
        "Fields `result`, `origin`, `error` are required for ToolCallResult deserialization. Received dictionary with "
        "keys " +
        python_str(names));
  }
  const DictFields fields(class_name, dict);
  ToolCallResult made;
  fields.read("origin", made.origin);
  fields.read("error", made.error);
  const Value& result = given.at("result");
  if (!result.is_array()) {
    std::string text;
    fields.read("result", text);
    made.result = std::move(text);
    return made;
  }
  auto& parts = made.result.emplace<1>();
  for (const auto& each : result.as_array()) {
    auto part = content_part_from_dict(each);
    if (auto* text = std::get_if<TextContent>(&part))
      parts.emplace_back(std::move(*text));
    else if (auto* image = std::get_if<ImageContent>(&part))
      parts.emplace_back(std::move(*image));
    else
      throw std::invalid_argument("ToolCallResult result must be a string or a list of TextContent or ImageContent");
  }
  return made;
}

namespace {

template <class Part>
constexpr std::string_view key_of() {
  if constexpr (std::is_same_v<Part, ToolCall>) return "tool_call";
  if constexpr (std::is_same_v<Part, ToolCallResult>) return "tool_call_result";
  if constexpr (std::is_same_v<Part, ImageContent>) return "image";
  if constexpr (std::is_same_v<Part, ReasoningContent>) return "reasoning";
  if constexpr (std::is_same_v<Part, FileContent>) return "file";
}

/// Reads `dict` as a Part where it has the key of one.
template <class Part>
bool read_part(const Value& dict, std::optional<ContentPart>& part) {
  const Value* content = dict.find(key_of<Part>());
  if (content == nullptr) return false;
  part = Part::from_dict(*content);
  return true;
}

}  // namespace

Value content_part_to_dict(const ContentPart& part) {
  if (const auto* text = std::get_if<TextContent>(&part)) return text->to_dict();
  return std::visit(
      [](const auto& one) -> Value {
        using Part = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Part, TextContent>)
          return one.to_dict();
        else
          return Value::Object{{std::string(key_of<Part>()), one.to_dict()}};
      },
      part);
}

ContentPart content_part_from_dict(const Value& dict) {
  if (dict.find("text") != nullptr) return TextContent::from_dict(dict);
  std::optional<ContentPart> part;
  if (read_part<ToolCall>(dict, part) || read_part<ToolCallResult>(dict, part) || read_part<ImageContent>(dict, part) ||
      read_part<ReasoningContent>(dict, part) || read_part<FileContent>(dict, part))
    return *std::move(part);
  throw std::invalid_argument(fmt::format(
      "Unsupported content part in the serialized ChatMessage: {}. The `content` field of the serialized ChatMessage "
      "must be a list of dictionaries, where each dictionary contains one of these keys: 'text', 'image', 'file', "
      "'reasoning', 'tool_call', or 'tool_call_result'. Valid formats: [{{'text': 'Hello'}}, {{'image': "
      "{{'base64_image': '...', ...}}}}, {{'file': {{'base64_data': '...', ...}}}}, {{'reasoning': "
      "{{'reasoning_text': 'I think...', 'extra': {{...}}}}}}, {{'tool_call': {{'tool_name': 'search', 'arguments': "
      "{{}}, 'id': 'call_123'}}}}, {{'tool_call_result': {{'result': 'data', 'origin': {{...}}, 'error': false}}}}]",
      printable(python_str(dict))));
}

}  // namespace berth
