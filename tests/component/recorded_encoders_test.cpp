/// Readers, extractors, classifiers and routers with tiny encoders, against what Haystack's answered with the same ones
/// (tests/data/encoders/make_readers.py).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "berth/answer.h"
#include "berth/component.h"
#include "berth/document.h"
#include "berth/sas_evaluator.h"
#include "component/near.h"
#include "encoder_cases.h"
#include "json_file.h"
#include "test_model.h"

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

/// A copy of a model with more in its files.
class ChangedModel {
 public:
  explicit ChangedModel(const Value& recorded) {
    std::filesystem::copy(encoder_folder(recorded.find("model")->as_string()), folder_.path(),
                          std::filesystem::copy_options::recursive);
    auto config = test::read_json_file(folder_.path() / "config.json");
    for (const auto& [name, value] : recorded.find("config")->as_object()) config.as_object().set(name, value);
    write("config.json", config);
    if (recorded.find("settings")->as_object().empty()) return;
    write("config_sentence_transformers.json", *recorded.find("settings"));
    write("modules.json",
          Value::Array{Value::Object{{"path", ""}, {"type", "sentence_transformers.models.Transformer"}}});
  }
  std::string path() const { return folder_.path().string(); }

 private:
  void write(const std::string& file, const Value& value) const {
    std::ofstream(folder_.path() / file) << value.to_json();
  }

  test::TemporaryFolder folder_;
};

TEST(RecordedEncoders, EvaluateAsHaystackDoes) {
  const auto recorded = test::json_file("encoders/sas.json");
  const Value::Object inputs = {{"ground_truth_answers", *recorded.find("expected")},
                                {"predicted_answers", *recorded.find("predicted")}};
  std::size_t with_several_labels = 0;
  for (const auto& each : recorded.find("cases")->as_array()) {
    SCOPED_TRACE(each.find("model")->to_json() + each.find("config")->to_json() + each.find("settings")->to_json());
    const ChangedModel model(each);
    SASEvaluator evaluator({.model = model.path(), .device = ComponentDevice(Device::cpu())});
    const auto result = run_component(evaluator, inputs);
    test::expect_near(result.at("score"), *each.find("score"));
    test::expect_near(result.at("individual_scores"), *each.find("individual_scores"));
    with_several_labels += result.at("individual_scores").as_array().front().is_array() ? 1 : 0;
  }
  EXPECT_EQ(with_several_labels, recorded.find("cases")->as_array().size() / 2);
}

}  // namespace
}  // namespace berth
