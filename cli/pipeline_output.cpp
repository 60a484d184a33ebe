#include "pipeline_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "berth/answer.h"
#include "berth/chat_message.h"
#include "berth/document.h"
#include "answer.h"
#include "output.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

/// The text of what is mostly that.
std::optional<std::string> text_of(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (const auto* message = value.get_if<ChatMessage>()) return message->text();
  if (const auto* answer = value.get_if<GeneratedAnswer>()) return answer->data;
  if (const auto* answer = value.get_if<ExtractedAnswer>())
    return fmt::format("{} (score {:.3f})", answer->data.value_or("No answer"), answer->score);
  if (const auto* document = value.get_if<Document>()) {
    if (!document->content) return std::nullopt;
    return *document->content + (document->score ? fmt::format(" (score {:.3f})", *document->score) : "");
  }
  return std::nullopt;
}

std::string readable(const Value& value) { return text_of(value).value_or(value.to_json(2)); }

std::vector<std::string> texts_of(const Value& value) {
  std::vector<std::string> texts;
  if (value.is_array() &&
      std::ranges::all_of(value.as_array(), [](const Value& each) { return each.is_string() || each.is_instance(); }))
    for (const auto& each : value.as_array()) texts.push_back(readable(each));
  if (texts.empty()) texts.push_back(readable(value));
  return texts;
}

bool is_shown(const std::string& text, std::string_view shown) {
  const auto end = shown.find_last_not_of(" \t\r\n");
  return !text.empty() && end != shown.npos && shown.substr(0, end + 1).ends_with(text);
}

}  // namespace

Value::Object by_names(const Pipeline& pipeline, const Value::Object& outputs) {
  Value::Object named;
  for (const auto& [name, sockets] : pipeline.options().output_names)
    for (const auto& socket : sockets) {
      const auto dot = std::min(socket.find('.'), socket.size());
      const Value* component = outputs.find(socket.substr(0, dot));
      const Value* output =
          component == nullptr ? nullptr : component->find(socket.substr(std::min(dot + 1, socket.size())));
      if (output == nullptr) continue;
      named.set(name, *output);
      break;
    }
  return named;
}

Value::Object by_sockets(const Value::Object& outputs) {
  Value::Object all;
  for (const auto& [component, values] : outputs)
    for (const auto& [output, value] : values.as_object())
      if (output != "meta" || values.find("replies") == nullptr) all.set(component + "." + output, value);
  return all;
}

void print_outputs(const Value::Object& outputs, std::string_view shown) {
  struct Entry {
    std::string name;
    std::vector<std::string> texts;
  };
  std::vector<Entry> entries;
  for (const auto& [name, value] : outputs) {
    auto texts = texts_of(value);
    if (texts.size() > 1 || !is_shown(texts.front(), shown)) entries.push_back({name, std::move(texts)});
  }
  ReplyPrinter printer;
  for (const auto& [name, texts] : entries) {
    if (outputs.size() > 1) print(escaped(name) + ":\n");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts.size() > 1) print(fmt::format("--- {} of {}\n", i + 1, texts.size()));
      printer.print_part(texts[i]);
      printer.end();
    }
  }
}

}  // namespace berth::cli
