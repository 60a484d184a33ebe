/// Components without a device against what Haystack's answered (tests/data/components/make.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "berth/component.h"
#include "json_file.h"

namespace berth {
namespace {

/// Errors whose words are those of Python or of jinja2, at least after the last colon.
bool is_worded_elsewhere(const std::string& type, const std::string& message) {
  return type == "KeyError" || type == "TemplateAssertionError" || message.starts_with("zip()") ||
         message.starts_with("malformed node");
}

/// The message up to what jinja2 says.
std::string own_words(const Value& error) {
  auto message = error.find("message")->as_string();
  const auto& type = error.find("type")->as_string();
  if (type == "OutputAdaptationException" || type == "RouteConditionException" || message.starts_with("Invalid Jinja"))
    message.resize(message.rfind(": ") + 2);
  return message;
}

std::vector<std::string> socket_names(const auto& sockets) {
  std::vector<std::string> all;
  for (const auto& socket : sockets) all.push_back(socket.name);
  std::ranges::sort(all);
  return all;
}

std::vector<std::string> texts(const Value& list) { return from_value<std::vector<std::string>>(list); }

/// Objects of classes in their dictionary form.
Value as_json(const Value::Object& outputs) { return Value::from_json(Value(outputs).to_json()); }

void check(const Value& each) {
  const auto& type = each.find("type")->as_string();
  const auto& init = *each.find("init");
  SCOPED_TRACE(type + " " + init.to_json() + " of " + each.find("inputs")->to_json());
  const Value* error = each.find("error");
  try {
    const auto component = component_from_dict(Value::Object{{"type", type}, {"init_parameters", init}});
    if (const Value* dict = each.find("to_dict")) {
      EXPECT_EQ(component->to_dict(), *dict);
      EXPECT_EQ(component_from_dict(component->to_dict())->to_dict().to_json(), component->to_dict().to_json());
      EXPECT_EQ(socket_names(component->outputs()), texts(*each.find("output_names")));
      EXPECT_EQ(socket_names(component->inputs()), texts(*each.find("input_names")));
    }
    const auto outputs = run_component(*component, each.find("inputs")->as_object());
    if (error == nullptr) {
      EXPECT_EQ(as_json(outputs), *each.find("outputs"));
    } else {
      ADD_FAILURE() << "gives " << Value(outputs) << "\nHaystack: " << *error;
    }
  } catch (const std::invalid_argument& problem) {
    const std::string message = problem.what();
    if (error == nullptr) {
      ADD_FAILURE() << message;
    } else if (!is_worded_elsewhere(error->find("type")->as_string(), error->find("message")->as_string())) {
      EXPECT_NE(message.find(own_words(*error)), message.npos) << message << "\nHaystack: " << own_words(*error);
    }
  }
}

TEST(RecordedComponents, AnswerAsHaystackDoes) {
  std::set<std::string> types;
  const auto recorded = test::json_file("components/cases.json");
  for (const auto& each : recorded.find("cases")->as_array()) {
    types.insert(each.find("type")->as_string());
    check(each);
  }
  EXPECT_EQ(types.size(), 7U);
}

}  // namespace
}  // namespace berth
