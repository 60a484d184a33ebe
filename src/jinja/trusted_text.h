/// Texts of a chat template's variables that did not come from outside.
#pragma once

#include <string>
#include <string_view>

#include "berth/value.h"

namespace berth::jinja {

/// A text in which special tokens may be recognised, such as the role of a message. Any other text in the variables of a
/// chat template is not trusted.
struct TrustedText {
  static constexpr std::string_view class_name = "TrustedText";
  std::string text;

  bool operator==(const TrustedText&) const = default;
  Value to_dict() const { return Value::Object{{"text", text}}; }
  static TrustedText from_dict(const Value& dict) { return {dict.as_object().at("text").as_string()}; }
};

}  // namespace berth::jinja
