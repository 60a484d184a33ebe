/// Readers, extractors, classifiers and routers with tiny encoders, against what Haystack's answered with the same ones
/// (tests/data/encoders/make_readers.py).
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "berth/answer.h"
#include "berth/component.h"
#include "berth/document.h"
#include "component/near.h"
#include "json_file.h"

namespace berth {
namespace {

std::string encoder_folder(const std::string& model) { return BERTH_TEST_DATA_DIR "/encoders/" + model; }

/// As make_readers.py writes it.
Value recorded_form(const Value& value) {
  if (value.is_array()) {
    Value::Array all;
    for (const auto& each : value.as_array()) all.push_back(recorded_form(each));
    return all;
  }
  if (value.is_object())
    return value.as_object().map_values([](const auto&, const Value& each) { return recorded_form(each); });
  if (const auto* answer = value.get_if<ExtractedAnswer>()) {
    const auto& span = answer->document_offset;
    return Value::Object{{"query", answer->query},
                         {"data", to_value(answer->data)},
                         {"score", answer->score},
                         {"meta", answer->meta},
                         {"document", answer->document ? Value(answer->document->id) : Value()},
                         {"start", span ? Value(span->start) : Value()},
                         {"end", span ? Value(span->end) : Value()}};
  }
  if (const auto* document = value.get_if<Document>())
    return Value::Object{
        {"id", document->id}, {"content", to_value(document->content)}, {"meta", recorded_form(document->meta)}};
  return value.is_instance() ? value.as_instance().to_dict() : value;
}

Value::Object outputs_of_case(const Value& each) {
  auto init = each.find("init")->as_object();
  init.set("model", encoder_folder(each.find("model")->as_string()));
  init.set("device", Value::Object{{"type", "single"}, {"device", "cpu"}});
  if (Value* backend = init.find("backend")) *backend = "HUGGING_FACE";
  const auto component = component_from_dict(Value::Object{{"type", *each.find("type")}, {"init_parameters", init}});
  return run_component(*component, each.find("inputs")->as_object());
}

TEST(RecordedEncoders, AnswerAsHaystackDoes) {
  std::set<std::string> types;
  const auto recorded = test::json_file("encoders/readers.json");
  for (const auto& each : recorded.find("cases")->as_array()) {
    SCOPED_TRACE(each.find("type")->as_string() + " " + each.find("init")->to_json());
    types.insert(each.find("type")->as_string());
    test::expect_near(recorded_form(outputs_of_case(each)), *each.find("outputs"));
  }
  EXPECT_EQ(types.size(), 5U);
}

}  // namespace
}  // namespace berth
