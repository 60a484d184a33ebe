/// Answers of the package `tokenizers`, which tests/data/tokenizers/make.py recorded.
#pragma once

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "berth/tokenizer.h"
#include "berth/value.h"

namespace berth::test {

struct RecordedTokenizer {
  std::string name;
  Value definition;  ///< tokenizer.json
  Value::Array cases;
};

/// Those of tests/data, or of the file in BERTH_TOKENIZERS_RECORDED.
inline std::vector<RecordedTokenizer> recorded_tokenizers() {
  const char* other = std::getenv("BERTH_TOKENIZERS_RECORDED");
  std::ifstream file(other != nullptr ? other : BERTH_TEST_DATA_DIR "/tokenizers/recorded.jsonl");
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("There is no recording of tokenizers");
  Value::Object models;
  const auto header = Value::from_json(line);
  for (const auto& [name, model] : header.find("models")->as_object()) {
    const auto* like = model.find("like");
    auto whole = like == nullptr ? Value::Object() : models.at(like->as_string()).as_object();
    for (const auto& [field, value] : model.as_object())
      if (field != "like") whole.set(field, value);
    models.set(name, whole);
  }
  std::vector<RecordedTokenizer> tokenizers;
  while (std::getline(file, line)) {
    const auto recorded = Value::from_json(line);
    auto definition = recorded.find("tokenizer")->as_object();
    definition.set("model", models.at(recorded.find("model")->as_string()));
    tokenizers.push_back({recorded.find("name")->as_string(), definition, recorded.find("cases")->as_array()});
  }
  return tokenizers;
}

/// An encoding as it is recorded.
inline Value recorded_form(const Tokenizer& tokenizer, const Encoding& encoding) {
  const auto list = [](const auto& column) {
    Value::Array values;
    for (const auto& each : column) values.emplace_back(each);
    return values;
  };
  const auto optional_list = [](const auto& column) {
    Value::Array values;
    for (const auto& each : column) values.push_back(each ? Value(*each) : Value());
    return values;
  };
  Value::Array offsets;
  Value::Array texts;
  for (const auto& span : encoding.offsets) {
    offsets.emplace_back(span.begin);
    offsets.emplace_back(span.end);
  }
  for (const auto id : encoding.ids) texts.emplace_back(tokenizer.token(id).value_or("?"));
  Value::Object form{{"ids", list(encoding.ids)}, {"offsets", offsets}, {"words", optional_list(encoding.word_ids)}};
  const auto set_unless = [&](const char* name, Value::Array values, const Value& usual) {
    for (const auto& value : values)
      if (value != usual) return form.set(name, std::move(values));
  };
  if (list(encoding.tokens) != texts) form.set("tokens", list(encoding.tokens));
  set_unless("type_ids", list(encoding.type_ids), 0);
  set_unless("special", list(encoding.special_tokens_mask), 0);
  set_unless("attention", list(encoding.attention_mask), 1);
  set_unless("sequences", optional_list(encoding.sequence_ids), 0);
  Value::Array overflow;
  for (const auto& each : encoding.overflowing) overflow.push_back(recorded_form(tokenizer, each));
  if (!overflow.empty()) form.set("overflow", overflow);
  return form;
}

}  // namespace berth::test
