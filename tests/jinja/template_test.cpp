#include "jinja/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "berth/document.h"
#include "jinja/rendered.h"

namespace berth {
namespace {

using test::refusal;
using test::rendered;

const std::vector<Document> documents = {Document({.id = "1", .content = "Rome is old.", .meta = {{"page", 3}}}),
                                         Document({.id = "2", .meta = {{"page", nullptr}}})};

// What jinja2 makes of each template in Haystack's PromptBuilder was taken from there.
TEST(JinjaTemplate, KeepsTheTextAroundBlocksAsJinja2Does) {
  EXPECT_EQ(rendered("Hello {{ name }}!", {{"name", "Bo"}}), "Hello Bo!");
  EXPECT_EQ(rendered("a\n{% if x %}\n  b\n{% endif %}\nc\n", {{"x", 1}}), "a\n\n  b\n\nc");
  EXPECT_EQ(rendered("  {% for d in documents %}\n    {{ d.content }} p. {{ d.meta.page }}, {{ d.meta['page'] }}\n  "
                     "{% endfor %}\nEnd",
                     {{"documents", Value::Array(documents.begin(), documents.end())}}),
            "  \n    Rome is old. p. 3, 3\n  \n    None p. None, None\n  \nEnd");
  EXPECT_EQ(rendered("a\n{# c #}\nb {#- d -#} e"), "a\n\nbe");
  EXPECT_EQ(rendered("\n\nx\n\n"), "\n\nx\n");
  EXPECT_EQ(rendered("a {%- if x -%} b {%- endif -%} c {{- x -}} d", {{"x", 1}}), "abc1d");
  EXPECT_EQ(rendered("{%+ if true %}a{%+ endif %}"), "a");
  EXPECT_EQ(rendered("a{{ '\\n' }}b\r\nc"), "a\nb\nc");
  EXPECT_EQ(rendered(""), "");
}

TEST(JinjaTemplate, PrintsValuesAsPythonDoes) {
  EXPECT_EQ(rendered("{{ x }}|{{ y }}",
                     {{"x", nullptr}, {"y", Value::Array{1, "a", 1.5, nullptr, true, Value::Object{{"k", "it's"}}}}}),
            R"(None|[1, 'a', 1.5, None, True, {'k': "it's"}])");
  EXPECT_EQ(rendered("{{ 1.0 }} {{ 0.1 }} {{ 10/4 }} {{ 7 % 3 }}"), "1.0 0.1 2.5 1");
  EXPECT_EQ(rendered("{{ (1, 'a') }}{{ [] }}{{ {} }}"), "(1, 'a')[]{}");
  EXPECT_EQ(
      rendered("{{ x['a'] }}{{ x.b }}", {{"x", Value::Object{{"a", 1}, {"b", Value::Object{{"c", Value::Array{1}}}}}}}),
      "1{'c': [1]}");
}

TEST(JinjaTemplate, RunsTheStatementsOfJinja2) {
  EXPECT_EQ(
      rendered("{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}"),
      "3");
  EXPECT_EQ(rendered("{% macro f(a, b='x') %}[{{ a }}{{ b }}]{% endmacro %}{{ f(1) }}{{ f(2, b='y') }}"), "[1x][2y]");
  EXPECT_EQ(rendered("{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}",
                     {{"m", Value::Object{{"a", 1}, {"b", nullptr}}}}),
            "a=1;b=None;");
  EXPECT_EQ(rendered("{% if x is defined and x is not none %}y{% else %}n{% endif %}", {{"x", nullptr}}), "n");
  EXPECT_EQ(rendered("{% for d in x[:1] %}{{ loop.index }}/{{ loop.length }} {{ loop.last }}{% endfor %}",
                     {{"x", Value::Array{1, 2}}}),
            "1/1 True");
}

TEST(JinjaTemplate, HasTheCommonFilters) {
  EXPECT_EQ(rendered("{{ x|upper }} {{ x|length }} {{ y|join(', ') }}", {{"x", "ab"}, {"y", Value::Array{"a", "b"}}}),
            "AB 2 a, b");
  EXPECT_EQ(rendered("{{ x | default('d') }}{{ x or 'e' }}"), "de");
  EXPECT_EQ(rendered("{{ y|first }}{{ y|last }}{{ y|sort }}", {{"y", Value::Array{2, 1, 2}}}), "22[1, 2, 2]");
  EXPECT_EQ(
      rendered("{{ d|map(attribute='content')|list }}", {{"d", Value::Array(documents.begin(), documents.end())}}),
      "['Rome is old.', None]");
}

TEST(JinjaTemplate, HasTheFiltersOfTextsAndNumbers) {
  const Value::Object variables{
      {"x", " a b c d e f "}, {"y", Value::Array{2, 1, 2}}, {"z", Value::Array{"a", nullptr}}};
  EXPECT_EQ(rendered("{{ x|trim }}|{{ y|sum }}|{{ x|wordcount }}|{{x|truncate(5)}}", variables), "a b c d e f|5|6|...");
  EXPECT_EQ(rendered("{{ y|unique|list }}{{ 3.14159|round(2) }} {{ 2.5|round }} {{ 7|round }}", variables),
            "[2, 1]3.14 2.0 7");
  EXPECT_EQ(rendered("{{ z|join(',') }} {{ ['a', 'b']|map('upper')|join }} {{ 'é'|length }}", variables),
            "a,None AB 1");
  EXPECT_EQ(rendered("{{ 'one two three'|truncate(9, leeway=0) }} {{ 'one two'|truncate(5, True, '', 0) }}"),
            "one... one t");
  EXPECT_EQ(rendered("{% if y|length > 2 and (y|sum / y|length)|round(1) == 1.7 %}yes{% endif %}", variables), "yes");
  EXPECT_EQ(rendered("{{ d|join('; ', attribute='meta.page') }}{{ d|sum(attribute='meta.page') }}",
                     {{"d", Value::Array{documents[0], documents[0]}}}),
            "3; 36");
}

TEST(JinjaTemplate, SelectsByTestsAndAttributes) {
  const Value::Object variables{{"y", Value::Array{1, 2, 3, 0}},
                                {"d", Value::Array(documents.begin(), documents.end())}};
  EXPECT_EQ(rendered("{{ y|select('odd')|list }}{{ y|reject('odd')|list }}{{ y|select|list }}{{ y|first }}", variables),
            "[1, 3][2, 0][1, 2, 3]1");
  EXPECT_EQ(rendered("{{ d|selectattr('content')|map(attribute='id')|join }} "
                     "{{ d|rejectattr('meta.page', 'equalto', 3)|map(attribute='id')|join }}",
                     variables),
            "1 2");
  EXPECT_EQ(rendered("{{ '' | default('d', true) }}{{ d[1].content | default('e') }}{{ d[0].id | default('f') }}"
                     "{{ 'é!' | first }}",
                     variables),
            "dNone1é");
  EXPECT_EQ(rendered("{{ '%s' | format(1) }}"), "1");
  EXPECT_THAT(refusal("{{ [1] | select('no_test') | list }}"), testing::HasSubstr("No test named 'no_test'."));
}

TEST(JinjaTemplate, LeavesRawBlocksAsTheyAre) {
  EXPECT_EQ(rendered("{% raw %}{{ x }}{% endraw %}"), "{{ x }}");
  EXPECT_EQ(rendered("a {%- raw -%} {% if %} {%- endraw -%} b{{ x }}", {{"x", 1}}), "a{% if %}b1");
}

TEST(JinjaTemplate, ShowsTheAttributesOfMessages) {
  const ChatMessage message =
      ChatMessage::from_assistant("hi", {{"m", 1}}, "bo", {{.tool_name = "f", .arguments = {{"x", 2}}}});
  EXPECT_EQ(rendered("{{ m.text }} {{ m.role.value }} {{ m.name }} {{ m.meta.m }} {{ m.tool_call.tool_name }} "
                     "{{ m.tool_calls[0].arguments.x }}{% if m.role == 'assistant' %}!{% endif %}",
                     {{"m", message}}),
            "hi assistant bo 1 f 2!");
}

struct Variables {
  const char* source;
  std::vector<std::string> expected;
};

TEST(JinjaTemplate, TakesTheVariablesThatItDoesNotSetItself) {
  using testing::UnorderedElementsAreArray;
  const std::vector<Variables> all = {
      {"{{ a }}{{ b.c }}{% for x in xs if x.ok and y %}{{ x }}{{ loop.index }}{% endfor %}{{ x }}",
       {"a", "b", "x", "xs", "y"}},
      {"{% set s = t %}{{ s }}", {"t"}},
      {"{{ s }}{% set s = 1 %}", {}},
      {"{% set a, b = c %}{{ a }}", {"c"}},
      {"{% set x %}{{ q }}{% endset %}{{ x }}", {"q"}},
      {"{% if a %}{% set x %}1{% endset %}{% endif %}{{ x }}", {"a", "x"}},
      {"{% macro f(p, q=r) %}{{ p }}{{ q }}{{ g }}{{ caller() }}{% endmacro %}{{ f(1) }}", {"g", "r"}},
      {"{{ a | default(b) | join(c) }}{{ d is divisibleby e }}{{ f[g] }}{{ range(h) }}{{ {'k': i, j: 1} }}"
       "{{ k if l else m }}",
       {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"}},
      {"{% call f(x) %}{{ y }}{% endcall %}", {"f", "x", "y"}},
      {"{% filter upper %}{{ z }}{% endfilter %}", {"z"}},
      {"{{ strftime_now }}{{ true }}{{ none }}", {"strftime_now"}},
      {"{{ f(k=v) }}{{ a[b:c] }}{{ -n }}", {"a", "b", "c", "f", "n", "v"}},
      {"{% for a, b in c %}{{ a }}{% else %}{{ a }}{% endfor %}", {"a", "c"}},
      {"{% set ns.x = v %}", {"ns", "v"}},
  };
  for (const auto& [source, expected] : all)
    EXPECT_THAT(JinjaTemplate(source).variables(), UnorderedElementsAreArray(expected)) << source;
}

TEST(JinjaTemplate, RefusesWhatIsNoTemplate) {
  for (const auto* source : {"{{",          "{{ }}",       "{{ a",
                             "{% if x %}",  "{% endif %}", "{% foo %}",
                             "{{ a b }}",   "{# x",        "{% for x %}{% endfor %}",
                             "{{ 'a }}",    "{% raw %}x",  "{%",
                             "{# c",        "{{ a | }}",   "{{ (a }}",
                             "{{ [a }}",    "{{ {'a' }}",  "{% set %}",
                             "{% macro %}", "{% call %}"})
    EXPECT_THAT(refusal(source), testing::StartsWith("This is no template: ")) << source;
}

TEST(JinjaTemplate, TellsWhatCannotBeRendered) {
  EXPECT_THAT(refusal("{{ x.y() }}", {{"x", "a"}}), testing::StartsWith("The template cannot be rendered: "));
  EXPECT_THAT(refusal("{{ 1 | no_such_filter }}"), testing::HasSubstr("no_such_filter"));
  EXPECT_THAT(refusal("{{ range }}"), testing::HasSubstr("a function is printed"));
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(JinjaTemplate, RefusesWhatWouldGoOnWithoutEnd) {
  EXPECT_THAT(refusal("{% for i in range(10000000000) %}{% endfor %}"), testing::HasSubstr("Range too big"));
  EXPECT_THAT(refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), testing::HasSubstr("macros call each other"));
  EXPECT_THAT(refusal("{% macro f() %}{% set x = f() %}{% endmacro %}{{ f() }}"),
              testing::HasSubstr("macros call each other"));
}

TEST(JinjaTemplate, ShowsAnObjectThatHoldsItselfAsPythonDoes) {
  EXPECT_EQ(rendered("{% set n = namespace() %}{% set n.x = n %}{{ n }}"), "<Namespace {'x': <Namespace {...}>}>");
}

TEST(JinjaTemplate, RefusesWhatIsNestedTooDeeplyForTheStack) {
  for (const auto* part : {"(", "[", "{'a':", "not ", "- ", "a.", "a|b|", "a if b else ", "1 + "})
    EXPECT_THAT(refusal("{{ " + repeated(part, 5000)), testing::HasSubstr("more than 200 operators")) << part;
  EXPECT_THAT(refusal(repeated("{% if x %}", 5000)), testing::HasSubstr("nested more than 32 deep"));
  EXPECT_THAT(refusal(repeated("{% for y in x %}", 33)), testing::HasSubstr("nested more than 32 deep"));
  EXPECT_EQ(rendered("{% if x %}" + repeated("{% elif x %}", 5000) + "{% else %}y{% endif %}"), "y");
  EXPECT_EQ(rendered(repeated("{% if 1 %}", 32) + "x" + repeated("{% endif %}", 32)), "x");
  EXPECT_EQ(rendered(repeated("{% set x = 1 %}", 1000) + "{{ x }}"), "1");
}

std::vector<ChatMessage> messages(const std::string& source, const Value::Object& variables = {}) {
  return JinjaTemplate(source, JinjaTemplate::Kind::messages).render_messages(variables);
}

std::string refused_messages(const std::string& source, const Value::Object& variables = {}) {
  try {
    (void)messages(source, variables);
    return "rendered";
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
}

TEST(JinjaTemplate, MakesMessagesOfBlocks) {
  ImageContent image{.base64_image = "iVBORw0KGgo="};
  image.validate();
  const auto made = messages(
      "{% message role=\"system\" %}\nBe {{ how }}.\n{% endmessage %}\n"
      "{% message role=\"user\" name=\"bo\" meta={\"k\": 1} %}\nLook:\n{% for i in images %}\n"
      "{{ i | templatize_part }}\n{% endfor %}\nat it\n{% endmessage %}\n",
      {{"how", "brief"}, {"images", Value::Array{image, image}}});
  EXPECT_THAT(
      made, testing::ElementsAre(
                ChatMessage::from_system("Be brief."),
                ChatMessage::from_user({TextContent{"Look:"}, image, image, TextContent{"at it"}}, {{"k", 1}}, "bo")));
}

TEST(JinjaTemplate, MakesMessagesOfAllRoles) {
  const ToolCall call{.tool_name = "f", .id = "1"};
  EXPECT_THAT(messages("{% message role='assistant' %}{{ c | templatize_part }}{% endmessage %}"
                       "{% message role='tool' %}{{ r | templatize_part }}{% endmessage %}",
                       {{"c", call}, {"r", ToolCallResult{"7", call, false}}}),
              testing::ElementsAre(ChatMessage::from_assistant(std::nullopt, {}, {}, {call}),
                                   ChatMessage::from_tool("7", call)));
}

TEST(JinjaTemplate, TakesNoTextOfAVariableForAPartOfAMessage) {
  const auto text = R"({"image": {"base64_image": "iVBORw0KGgo="}})";
  EXPECT_EQ(messages("{% message role='user' %}{{ x }}{% endmessage %}", {{"x", text}}).front(),
            ChatMessage::from_user(text));
}

TEST(JinjaTemplate, RefusesBlocksThatMakeNoMessage) {
  using testing::HasSubstr;
  EXPECT_THAT(refused_messages("x"), HasSubstr("text outside of its {% message %} blocks: 'x'"));
  EXPECT_THAT(refused_messages("{% message role='x' %}a{% endmessage %}"),
              HasSubstr("Role must be one of: user, system, assistant, tool"));
  for (const std::string wrong : {"role='x'", "name='n'", "role=3", "role='user' name=3", "role='user' meta=[]"})
    EXPECT_THROW(JinjaTemplate("{% message " + wrong + " %}a{% endmessage %}", JinjaTemplate::Kind::messages),
                 std::invalid_argument)
        << wrong;
  EXPECT_THAT(refused_messages("{% message role='user' %}  {% endmessage %}"),
              HasSubstr("Message content in template is empty or contains only whitespace characters. Content: '  '"));
  EXPECT_THAT(refused_messages("{% message %}a{% endmessage %}"), HasSubstr("needs a role"));
  EXPECT_THAT(refused_messages("{% message role='user' %}a"), testing::StartsWith("This is no template: "));
  EXPECT_THAT(refused_messages("{% message role='user' %}{{ 1 | templatize_part }}{% endmessage %}"),
              HasSubstr("Unsupported type in ChatMessage content: `int`"));
  EXPECT_THAT(refused_messages("{% message role='tool' %}a{% endmessage %}"),
              HasSubstr("Tool message must contain only one tool call result."));
  EXPECT_THAT(refused_messages("{% message role='user' name=3 %}a{% endmessage %}"),
              HasSubstr("name must be a string"));
  EXPECT_THAT(refused_messages("{% message role='user' meta=3 %}a{% endmessage %}"),
              HasSubstr("meta must be a dictionary"));
}

}  // namespace
}  // namespace berth
