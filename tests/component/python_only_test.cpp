/// Parameters that need Python: files with them load and are written as they were, and warm_up() says what cannot run.
#include <gmock/gmock.h>

#include "berth/component.h"
#include "refusal.h"

namespace berth {
namespace {

using testing::HasSubstr;

/// What warm_up() says of a component that is written as it was loaded.
std::string refused_at_warm_up(const std::string& type, const Value::Object& parameters) {
  const auto component = component_from_dict(Value::Object{{"type", type}, {"init_parameters", parameters}});
  const auto written = component->to_dict();
  for (const auto& [name, value] : parameters) EXPECT_EQ(written.find("init_parameters")->as_object().at(name), value);
  EXPECT_EQ(component_from_dict(written)->to_dict(), written);
  const auto problem = component->known_problem().value_or("none");
  EXPECT_EQ(test::refusal([&] { component->warm_up(); }), problem);
  return problem;
}

TEST(ParametersForPython, OfTemplatesAreHeldAndRefusedAtWarmUp) {
  const std::string adapter = "haystack.components.converters.output_adapter.OutputAdapter";
  EXPECT_THAT(refused_at_warm_up(adapter, {{"template", "{{ x }}"}, {"output_type", "str"}, {"unsafe", true}}),
              HasSubstr("templates run in the sandbox only, and unsafe=True asks for more: set it to false"));
  const Value filters = Value::Object{{"shout", "my.module.shout"}};
  EXPECT_THAT(refused_at_warm_up(
                  adapter, {{"template", "{{ x | shout }}"}, {"output_type", "str"}, {"custom_filters", filters}}),
              HasSubstr("the custom filter 'shout' is a function of Python's"));
  const Value route =
      Value::Object{{"condition", "{{ x | shout }}"}, {"output", "y"}, {"output_name", "z"}, {"output_type", "str"}};
  EXPECT_THAT(refused_at_warm_up("haystack.components.routers.conditional_router.ConditionalRouter",
                                 {{"routes", Value::Array{route}}, {"custom_filters", filters}}),
              HasSubstr("ConditionalRouter: the custom filter 'shout'"));
}

TEST(ParametersForPython, OfDocumentSplitterAreHeldAndRefusedAtWarmUp) {
  const std::string splitter = "haystack.components.preprocessors.document_splitter.DocumentSplitter";
  EXPECT_THAT(refused_at_warm_up(splitter, {{"split_by", "function"}, {"splitting_function", "my.split"}}),
              HasSubstr("names code of Python's"));
}

TEST(ParametersForPython, OfNamedEntityExtractorAreHeldAndRefusedAtWarmUp) {
  const std::string extractor = "haystack.components.extractors.named_entity_extractor.NamedEntityExtractor";
  const Value cpu = Value::Object{{"type", "single"}, {"device", "cpu"}};
  EXPECT_THAT(refused_at_warm_up(extractor, {{"backend", "SPACY"}, {"model", "en"}, {"device", cpu}}),
              HasSubstr("the spaCy backend cannot run here"));
  const Value map = Value::Object{{"type", "multiple"}, {"device_map", Value::Object{{"a", "cpu"}}}};
  EXPECT_THAT(test::refusal([&] {
                refused_at_warm_up(extractor, {{"backend", "SPACY"}, {"model", "en"}, {"device", map}});
              }),
              HasSubstr("Couldn't deserialize NamedEntityExtractor instance: spaCy backend"));
}

}  // namespace
}  // namespace berth
