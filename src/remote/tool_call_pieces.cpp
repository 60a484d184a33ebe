#include "remote/tool_call_pieces.h"

#include <fmt/format.h>

#include <charconv>

#include "berth/error.h"
#include "remote/entry.h"
#include "text/printable.h"
#include "text/trimmed.h"
#include "value/lenient_json.h"

namespace berth {
namespace {

/// The number of a call, which some services write as text or with a point.
std::optional<std::size_t> index_of(const Value& value) {
  if (value.is_int() && value.as_int() >= 0) return static_cast<std::size_t>(value.as_int());
  if (value.is_double() && value.as_double() >= 0 && value.as_double() < 1e9)
    return static_cast<std::size_t>(value.as_double());
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.as_string();
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(index) : std::nullopt;
}

/// A piece of the arguments' JSON.
std::string json_of(const Value& arguments) {
  if (arguments.is_null()) return {};
  return arguments.is_string() ? arguments.as_string() : arguments.to_json();
}

std::optional<Value::Object> object_of(const Value& value) {
  if (value.is_object()) return value.as_object();
  if (value.is_null() || (value.is_array() && value.as_array().empty())) return Value::Object{};
  return std::nullopt;
}

std::optional<Value> parsed(std::string_view json) {
  if (trimmed(json).empty()) return Value();
  try {
    return from_lenient_json(json);
  } catch (const FormatError&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Value::Object> tool_arguments(const Value& given) {
  std::optional<Value> value = given;
  for (int i = 0; i < 2 && value && value->is_string(); ++i)
    value = parsed(value->as_string());  // some encode it twice
  return value ? object_of(*value) : std::nullopt;
}

Value tool_calls_of(const Value& message) {
  if (const auto& calls = entry(message, "tool_calls"); calls.is_object())
    return Value::Array{calls};
  else if (!calls.is_null())
    return calls.as_array().empty() ? Value() : calls;
  const auto& call = entry(message, "function_call");
  return call.is_null() ? Value() : Value(Value::Array{Value::Object{{"function", call}}});
}

const Value& function_of(const Value& call) {
  const auto& function = entry(call, "function");
  return function.is_null() && !entry(call, "name").is_null() ? call : function;
}

std::string call_text(const Value& value) {
  if (value.is_null()) return {};
  return value.is_int() ? value.to_json() : value.as_string();
}

std::string without_name(std::string_view id, std::string_view arguments) {
  return fmt::format(
      "The LLM provider returned a tool call without a name. It will be skipped. Tool call ID: {}, Arguments: {}",
      printable(id), printable(arguments));
}

void JsonPieces::add(std::string_view piece) {
  repeated_ = pieces_ == 0 || (!repeated_.empty() && piece.starts_with(repeated_)) ? piece : "";
  ++pieces_;
  // Some services send {} first and the arguments themselves afterwards, or the whole of them again.
  if (is_whole() && trimmed(piece).starts_with('{')) *this = {};
  for (const char c : piece) {
    if (escaped_) {
      escaped_ = false;
    } else if (in_text_) {
      escaped_ = c == '\\';
      in_text_ = c != '"';
    } else if (c == '"') {
      in_text_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
      opened_ = true;
    } else if (c == '}' || c == ']') {
      --depth_;
    }
  }
  text_ += piece;
}

ToolCallPieces::Piece ToolCallPieces::read(const Value& delta) {
  Piece piece{.index = index_of(entry(delta, "index")), .id = call_text(entry(delta, "id"))};
  const auto& function = function_of(delta);
  piece.has_function = !function.is_null();
  if (piece.has_function) {
    piece.name = call_text(entry(function, "name"));
    piece.arguments = json_of(entry(function, "arguments"));
  }
  return piece;
}

/// The same name, or all of it so far and more.
bool ToolCallPieces::tells_name_again(const Piece& piece, const Call& call) {
  return piece.name == call.name || (call.arguments.text().empty() && piece.name.starts_with(call.name));
}

bool ToolCallPieces::begins_another(const Piece& piece, const Call& call) {
  const bool has_arguments = !trimmed(piece.arguments).empty();
  if (!piece.id.empty() && !call.id.empty() && piece.id != call.id) {
    // Some services make a new id for each piece; those with arguments alone go on.
    return !piece.name.empty() || !piece.has_function || (has_arguments && call.arguments.is_whole());
  }
  if (piece.name.empty() || call.name.empty()) return false;
  const bool same_name = tells_name_again(piece, call);
  if (same_name && !piece.id.empty() && piece.id == call.id) return false;
  if (call.arguments.is_whole()) return has_arguments || !same_name;
  return !same_name && (!piece.index || !call.arguments.text().empty());
}

std::optional<std::size_t> ToolCallPieces::known(const Piece& piece) const {
  const auto same_id = piece.id.empty() ? by_id_.end() : by_id_.find(piece.id);
  if (piece.index) {
    if (same_id != by_id_.end() && calls_.at(same_id->second).index == piece.index) return same_id->second;
    if (const auto same_index = by_index_.find(*piece.index); same_index != by_index_.end()) return same_index->second;
    if (!piece.name.empty()) return std::nullopt;
  }
  if (same_id != by_id_.end()) return same_id->second;
  if (piece.index || calls_.empty()) return std::nullopt;
  return last_;
}

std::size_t ToolCallPieces::place_of(const Piece& piece) {
  if (const auto place = known(piece); place && !begins_another(piece, calls_.at(*place))) return *place;
  const auto after_all = calls_.empty() ? 0 : calls_.rbegin()->first + 1;
  const auto place = piece.index && !calls_.contains(*piece.index) ? *piece.index : after_all;
  calls_[place].index = piece.index;
  if (piece.index) by_index_[*piece.index] = place;
  return place;
}

std::vector<ToolCallDelta> ToolCallPieces::add(const Value& tool_calls) {
  std::vector<ToolCallDelta> deltas;
  if (tool_calls.is_null()) return deltas;
  const auto& given = tool_calls.as_array();
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i].is_null()) continue;
    auto piece = read(given[i]);
    if (!piece.index && given.size() > 1) piece.index = i;
    last_ = place_of(piece);
    auto& call = calls_.at(last_);
    ToolCallDelta delta{.index = last_};
    if (!piece.id.empty()) {
      delta.id = piece.id;
      if (call.id.empty()) call.id = piece.id;
      by_id_[call.id] = last_;
    }
    if (!call.name.empty() && tells_name_again(piece, call)) piece.name.erase(0, call.name.size());
    if (!piece.name.empty()) {
      call.name += piece.name;
      delta.tool_name = piece.name;
    }
    if (!piece.arguments.empty()) {
      call.arguments.add(piece.arguments);
      delta.arguments = piece.arguments;
    }
    deltas.push_back(std::move(delta));
  }
  return deltas;
}

std::vector<ToolCall> ToolCallPieces::calls(const std::function<void(const std::string&)>& warn) const {
  std::vector<ToolCall> calls;
  for (const auto& [place, call] : calls_) {
    auto arguments = tool_arguments(call.arguments.text());
    if (!arguments && !call.arguments.repeated().empty()) arguments = tool_arguments(call.arguments.repeated());
    if (call.name.empty())
      warn(without_name(call.id, call.arguments.text()));
    else if (arguments)
      calls.push_back({.tool_name = call.name, .arguments = *std::move(arguments), .id = call.id});
    else
      warn(
          fmt::format("The LLM provider returned a malformed JSON string for tool call arguments. This tool call will "
                      "be skipped. To always generate a valid JSON, set `tools_strict` to `True`. Tool call ID: {}, "
                      "Tool name: {}, Arguments: {}",
                      printable(call.id), printable(call.name), printable(call.arguments.text())));
  }
  return calls;
}

}  // namespace berth
