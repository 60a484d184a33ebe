/// Inputs of a wrong type, whose errors have Haystack's words (tests/data/encoders/make_wrong_types.py).
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "berth/component.h"
#include "berth/document.h"
#include "berth/sentence_transformers_document_embedder.h"
#include "json_file.h"
#include "refusal.h"

namespace berth {
namespace {

std::string folder_of_encoder(const std::string& model) { return BERTH_TEST_DATA_DIR "/encoders/" + model; }

TEST(WrongTypes, AreToldInHaystacksWords) {
  std::set<std::string> types;
  const auto recorded = test::json_file("encoders/wrong_types.json");
  for (const auto& each : recorded.as_array()) {
    SCOPED_TRACE(each.to_json());
    const auto& type = each.find("type")->as_string();
    types.insert(type);
    auto init = each.find("init")->as_object();
    init.set("model", folder_of_encoder(each.find("model")->as_string()));
    init.set("device", Value::Object{{"type", "single"}, {"device", "cpu"}});
    const auto component = component_from_dict(Value::Object{{"type", type}, {"init_parameters", init}});
    const auto& inputs = each.find("inputs")->as_object();
    EXPECT_EQ(test::refusal<WrongType>([&] { run_component(*component, inputs); }), each.find("message")->as_string());
  }
  EXPECT_EQ(types.size(), 7U);
}

TEST(WrongTypes, OfALaterDocumentAreToldWithItsPlace) {
  SentenceTransformersDocumentEmbedder embedder(
      {.model = folder_of_encoder("st_dense"), .device = ComponentDevice(Device::cpu())});
  const Value documents = Value::Array{Document({.content = "a ship"}), "a text"};
  const auto problem = test::refusal<WrongType>([&] { run_component(embedder, {{"documents", documents}}); });
  EXPECT_NE(problem.find("input 'documents'"), problem.npos) << problem;
  EXPECT_EQ(problem.find("In case"), problem.npos) << problem;
}

}  // namespace
}  // namespace berth
