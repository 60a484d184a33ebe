#include "berth/answer.h"

#include "berth/chat_message.h"
#include "dataclasses/serialization.h"
#include "dataclasses/dict_fields.h"

namespace berth {
namespace {

constexpr std::string_view generated_type = "haystack.dataclasses.answer.GeneratedAnswer";
constexpr std::string_view extracted_type = "haystack.dataclasses.answer.ExtractedAnswer";

Value typed(std::string_view type, Value::Object parameters) {
  return Value::Object{{"type", type}, {"init_parameters", std::move(parameters)}};
}

/// `meta` with the messages in "all_messages" converted. As there, the first entry tells whether they are messages.
template <class IsMessage, class Convert>
Value::Object with_messages(Value::Object meta, IsMessage is_message, Convert convert) {
  Value* messages = meta.find("all_messages");
  if (messages == nullptr || !messages->is_array() || messages->as_array().empty() ||
      !is_message(messages->as_array().front()))
    return meta;
  for (auto& message : messages->as_array()) message = convert(message);
  return meta;
}

/// The fields of an answer, which Haystack 2 has in an envelope with the type, and Haystack 3 has not.
Value fields_of(const Value& dict, std::string_view type) {
  if (dict.is_object() && dict.find("init_parameters") == nullptr && dict.find("type") == nullptr) return dict;
  return init_parameters(dict, type);
}

Value span_to_dict(const std::optional<ExtractedAnswer::Span>& span) {
  if (!span) return nullptr;
  return Value::Object{{"start", span->start}, {"end", span->end}};
}

std::optional<ExtractedAnswer::Span> span_from_dict(const Value::Object& parameters, std::string_view name) {
  const Value* dict = parameters.find(name);
  if (dict == nullptr || dict->is_null()) return std::nullopt;
  const DictFields fields("Span", *dict, {"start", "end"});
  ExtractedAnswer::Span span;
  fields.read_required("start", span.start);
  fields.read_required("end", span.end);
  return span;
}

}  // namespace

Value::Object GeneratedAnswer::attributes() const {
  return {{"data", data}, {"query", query}, {"documents", to_value(documents)}, {"meta", meta}};
}

Value GeneratedAnswer::to_dict() const {
  auto fields = attributes();
  Value::Array list;
  for (const auto& document : documents) list.push_back(document.to_dict(false));
  fields.set("documents", std::move(list));
  fields.set("meta", with_messages(
                         meta, [](const Value& first) { return first.get_if<ChatMessage>() != nullptr; },
                         [](const Value& message) { return from_value<ChatMessage>(message).to_dict(); }));
  return typed(generated_type, std::move(fields));
}

GeneratedAnswer GeneratedAnswer::from_dict(const Value& dict) {
  const Value parameters = fields_of(dict, generated_type);
  const DictFields fields(class_name, parameters, {"data", "query", "documents", "meta"});
  GeneratedAnswer answer;
  fields.read_required("data", answer.data);
  fields.read_required("query", answer.query);
  fields.read_required("documents", answer.documents);
  fields.read("meta", answer.meta);
  answer.meta = with_messages(
      std::move(answer.meta), [](const Value& first) { return first.is_object(); },
      [](const Value& message) { return Value(from_value<ChatMessage>(message)); });
  return answer;
}

Value::Object ExtractedAnswer::attributes() const {
  return {{"data", to_value(data)},
          {"query", query},
          {"document", to_value(document)},
          {"context", to_value(context)},
          {"score", score},
          {"document_offset", span_to_dict(document_offset)},
          {"context_offset", span_to_dict(context_offset)},
          {"meta", meta}};
}

Value ExtractedAnswer::to_dict() const {
  auto fields = attributes();
  if (document) fields.set("document", document->to_dict(false));
  return typed(extracted_type, std::move(fields));
}

ExtractedAnswer ExtractedAnswer::from_dict(const Value& dict) {
  const Value parameters = fields_of(dict, extracted_type);
  const DictFields fields(
      class_name, parameters,
      {"query", "score", "data", "document", "context", "document_offset", "context_offset", "meta"});
  ExtractedAnswer answer;
  fields.read_required("query", answer.query);
  fields.read_required("score", answer.score);
  fields.read("data", answer.data);
  fields.read("document", answer.document);
  fields.read("context", answer.context);
  fields.read("meta", answer.meta);
  answer.document_offset = span_from_dict(parameters.as_object(), "document_offset");
  answer.context_offset = span_from_dict(parameters.as_object(), "context_offset");
  return answer;
}

}  // namespace berth
