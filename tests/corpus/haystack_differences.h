// Where Berth means to answer otherwise than Haystack. Each has a name and a reason here and in
// docs/haystack-compatibility.md, a rule that says which answers it concerns, and what Berth answers there.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "corpus/haystack_corpus.h"

namespace berth::corpus {

/// One answer of Haystack: of a call ("") or of one of the methods that were called on its result ("to_hf", ...).
struct Answer {
  const Case& of;
  std::string part;
  const Value& haystack;  // {"result": ...} or {"error": {"type", "message"}}
  Value device = {};      // to_dict of the component device that was asked, where there is one

  bool failed() const { return haystack.find("error") != nullptr; }
  std::string error_type() const { return failed() ? haystack.find("error")->find("type")->as_string() : ""; }
  std::string message() const { return failed() ? haystack.find("error")->find("message")->as_string() : ""; }
};

/// What Berth is to answer.
struct Expected {
  enum class Kind { value, any_value, error, error_prefix, any_error, cannot_be_written };
  Kind kind;
  Value value = {};
  std::string text = {};

  static Expected result(Value value) { return {Kind::value, std::move(value), {}}; }
  static Expected any_result() { return {Kind::any_value, {}, {}}; }
  static Expected message(std::string text) { return {Kind::error, {}, std::move(text)}; }
  static Expected any_error() { return {Kind::any_error, {}, {}}; }
  static Expected no_call() { return {Kind::cannot_be_written, {}, {}}; }

  /// `call`: none where the call cannot be written in C++.
  bool met_by(const std::optional<Outcome>& call) const {
    if (!call || kind == Kind::cannot_be_written) return !call && kind == Kind::cannot_be_written;
    const Outcome& outcome = *call;
    switch (kind) {
      // As text, so that the order of names counts.
      case Kind::value:
        return outcome.result && outcome.result->to_json() == value.to_json();
      case Kind::any_value:
        return outcome.result.has_value();
      case Kind::error:
        return !outcome.result && outcome.error == text;
      case Kind::error_prefix:
        return !outcome.result && outcome.error.starts_with(text);
      case Kind::any_error:
        return !outcome.result;
      case Kind::cannot_be_written:
        break;
    }
    return false;
  }
  std::string str() const {
    switch (kind) {
      case Kind::value:
        return value.to_json();
      case Kind::any_value:
        return "any value";
      case Kind::error:
        return "error: " + text;
      case Kind::error_prefix:
        return "error: " + text + "...";
      case Kind::any_error:
        return "any error";
      case Kind::cannot_be_written:
        return "a call that C++ does not have";
    }
    return "";
  }
};

struct Difference {
  std::string_view name;
  std::string_view reason;
  std::function<std::optional<Expected>(const Answer&)> rule;  // none: not concerned
};

/// In the order in which they are asked; the first that is concerned decides.
const std::vector<Difference>& differences();

/// `message` as Berth writes it: text from outside it is made printable and cut.
std::string shown(const std::string& message);

}  // namespace berth::corpus
