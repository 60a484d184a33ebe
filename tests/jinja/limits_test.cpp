#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "jinja/rendered.h"

namespace berth {
namespace {

using test::refusal;
using test::rendered;
using testing::AnyOf;
using testing::HasSubstr;

const auto too_much_text = HasSubstr("the template makes more than 256 MiB of text");
const auto too_many_steps = HasSubstr("the template takes more than 1000000 steps");
const auto too_deep = HasSubstr("nested too deeply");

std::string repeatedly(const std::string& body, int times) {
  return "{% set ns = namespace(x='ab', l=[1], n=0) %}{% for i in range(" + std::to_string(times) + ") %}" + body +
         "{% endfor %}";
}

TEST(JinjaLimits, RefuseTextThatWouldFillTheMemory) {
  EXPECT_THAT(refusal("{{ 'a' * 1000000000000 }}"), too_much_text);
  EXPECT_THAT(refusal("{{ 9223372036854775807 * 'ab' }}"), too_much_text);
  EXPECT_THAT(refusal(repeatedly("{% set ns.x = ns.x ~ ns.x %}", 64)), too_much_text);
  EXPECT_THAT(refusal(repeatedly("{% set ns.x = ns.x + ns.x %}", 64)), too_much_text);
  EXPECT_THAT(refusal(repeatedly("{% set ns.x = ns.x.replace('b', ns.x) %}", 64)),
              AnyOf(too_much_text, too_many_steps));
  EXPECT_THAT(refusal(repeatedly("{% set ns.x = ns.x | replace('', ns.x) %}", 64)), too_much_text);
  EXPECT_THAT(refusal(repeatedly("{% set ns.x = '{}{}'.format(ns.x, ns.x) %}", 64)), too_much_text);
  EXPECT_THAT(refusal("{{ range(1000) | join('x' * 1000000) }}"), too_much_text);
  EXPECT_THAT(refusal("{{ 'a\nb' | indent(100000000000) }}"), too_much_text);
  EXPECT_THAT(refusal("{% set x = 'a' * 10000000 %}{% for i in range(100) %}{{ x }}{% endfor %}"), too_much_text);
  EXPECT_THAT(refusal("{% for i in range(10000) %}" + std::string(100'000, 'x') + "{% endfor %}"), too_much_text);
  EXPECT_THAT(refusal("{{ [1] | tojson(indent=1000000000) }}"), too_much_text);
}

TEST(JinjaLimits, RefuseWorkThatWouldTakeForEver) {
  std::string inner = "{% for j in range(4000) %}{% if 0 %}";
  for (int i = 0; i < 100; ++i) inner += "{{ 1 }}";
  inner += "{% endif %}{% endfor %}";
  EXPECT_THAT(refusal("{% for i in range(100000) %}{{ 1 }}{{ 2 }}{{ 3 }}{{ 4 }}{{ 5 }}{{ 6 }}{{ 7 }}{% endfor %}"),
              too_many_steps);
  EXPECT_THAT(refusal("{% for i in range(100) %}" + inner + "{% endfor %}"), too_many_steps);
  EXPECT_THAT(refusal("{% macro m() %}" + inner + "{% endmacro %}" + repeatedly("{{ m() }}", 100)), too_many_steps);
  EXPECT_THAT(refusal("{% macro m() %}{% for i in range(100) %}{{ caller() }}{% endfor %}{% endmacro %}{% call m() %}" +
                      inner + "{% endcall %}"),
              too_many_steps);
  EXPECT_THAT(refusal(repeatedly("{% set ns.l = ns.l + ns.l %}", 64)), too_many_steps);
  EXPECT_THAT(refusal("{% set l = range(100000) | list %}" + repeatedly("{% if l == l %}{% endif %}", 100)),
              too_many_steps);
  EXPECT_THAT(refusal("{% set x = 'a ' * 1000001 %}{{ x.split(' ') }}"), too_many_steps);
  EXPECT_THAT(refusal("{% set x = 'a ' * 1000001 %}{{ x.rsplit(' ') }}"), too_many_steps);
  EXPECT_THAT(refusal("{% set x = 'é' * 3000000 %}" + repeatedly("{{ x[0] }}", 100)), too_many_steps);
  EXPECT_THAT(refusal("{% set x = 'a' * 3000000 %}" + repeatedly("{{ 'b' in x }}", 100)), too_many_steps);
  EXPECT_THAT(refusal("{% set l = [1] %}{% for x in l %}{% set _ = l.append(x) %}{% endfor %}"), too_many_steps);
  EXPECT_THAT(refusal("{{ 2 ** 30000 * 2 ** 30000 }}"), HasSubstr("a whole number is too large"));
}

TEST(JinjaLimits, SearchesTakeTimeThatGrowsWithTheTexts) {
  const std::string texts =
      "{% set x = 'a' * 2000000 %}{% set y = 'a' * 1000000 ~ 'b' %}{% set z = 'b' ~ 'a' * 1000000 %}";
  EXPECT_EQ(
      rendered(texts +
               "{{ x.find(y) }} {{ x.rfind(z) }} {{ x.count(y) }} {{ y in x }} {{ x.split(y)|length }} "
               "{{ x.rsplit(z)|length }} {{ x.partition(y)[1] }}{{ x.rpartition(z)[1] }}{{ x.replace(y, '')|length }}"),
      "-1 -1 0 False 1 1 2000000");
  EXPECT_THAT(refusal(texts + repeatedly("{{ x.find(y) }}", 100)), too_many_steps);
  EXPECT_THAT(refusal(texts + repeatedly("{{ x.startswith(y) }}", 2000)), too_many_steps);
}

TEST(JinjaLimits, WrappingTakesTimeThatGrowsWithTheText) {
  EXPECT_EQ(rendered("{{ (' ' * 200000)|wordwrap(1)|length }} {{ ('\u3000' * 50000 ~ 'x')|wordwrap(1) }}"), "0 x");
}

/// A text with many parts that are trusted and many that are not.
TEST(JinjaLimits, PiecesOfAChatAreFoundWithoutALookAtAll) {
  const JinjaTemplate chat(
      "{% set t = (['\n'] * 100000)|join(x) %}{{ t|tojson|length }} {{ t.split('\n')|length }} {{ t|e|length }}",
      JinjaTemplate::Kind::chat);
  EXPECT_EQ(chat.render({{"x", "<"}}), "300001 100001 499996");
}

TEST(JinjaLimits, HoldWhateverNameATemplateGivesToThings) {
  EXPECT_THAT(refusal("{% macro f() %}{% set __macro_depth = 0 %}{{ f() }}{% endmacro %}{{ f() }}"),
              HasSubstr("macros call each other more than 20 deep"));
  EXPECT_THAT(refusal("{% set x = 'a ' * 1000001 %}{% set f = x.split %}{{ f(' ') }}"), too_many_steps);
  EXPECT_THAT(refusal("{% set f = 'x'.split %}{% call f('x') %}{% endcall %}"), HasSubstr("caller"));
  EXPECT_THAT(refusal("{% filter replace('b', 'a' * 1000000) %}{{ 'b' * 1000 }}{% endfilter %}"), too_much_text);
  EXPECT_THAT(refusal("{{ ['b' * 1000] | map('replace', 'b', 'a' * 1000000) | list }}"), too_much_text);
}

/// Each holds the one before twice: what there is grows by two entries, what is seen by twice as much.
TEST(JinjaLimits, RefuseToGoThroughWhatIsSharedWithoutEnd) {
  const auto doubling = repeatedly("{% set ns.l = [ns.l, ns.l] %}", 60);
  std::vector<std::string> uses = {"{{ ns.l }}", "{{ ns.l | tojson }}", "{{ ns.l | pprint }}"};  // each walk
#ifndef __SANITIZE_ADDRESS__  // a million steps take 10 s there
  for (const auto* other :
       {"{{ ns.l | string }}", "{{ ns.l ~ 'x' }}", "{{ [ns.l] | map('tojson') | list }}", "{{ ns.l | lower }}"})
    uses.emplace_back(other);
#endif
  for (const auto& use : uses) EXPECT_THAT(refusal(doubling + use), AnyOf(too_many_steps, too_deep)) << use;
}

TEST(JinjaLimits, LetLongChainsAndLoopsOfValuesBeFreed) {
  EXPECT_EQ(rendered(repeatedly("{% set ns.l = [ns.l] %}", 20'000)), "");
  EXPECT_EQ(rendered(repeatedly("{% set ns.l = {'x': ns.l} %}", 20'000)), "");
  EXPECT_EQ(rendered("{% set l = [] %}{% set _ = l.append(l) %}{{ l }}"), "[[...]]");
  EXPECT_EQ(rendered(repeatedly("{% for x in [ns.l, 1] %}{% set ns.l = loop %}{% endfor %}", 5'000)), "");
  EXPECT_THAT(refusal(repeatedly("{% set ns.l = [ns.l] %}", 1000) + "{{ ns.l }}"), too_deep);
  EXPECT_THAT(refusal("{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}"), HasSubstr("Circular reference"));
}

TEST(JinjaLimits, LeaveRoomForAnyPrompt) {
  std::string page;
  for (int i = 0; i < 800; ++i) page += "a line of 25 characters x";
  Value::Array documents;
  for (int i = 0; i < 500; ++i)
    documents.push_back(Value::Object{{"content", page}, {"meta", Value::Object{{"page", i}}}});
  const auto text = rendered(
      "{% for d in documents %}{% if loop.index > 1 %}, {% endif %}[{{ loop.index }}] {{ d.content | replace('x', 'y') "
      "}} ({{ d.meta['page'] + 1 }}{% if d.meta.page in [1, 2] %}!{% endif %}){% endfor %}{{ documents | length }}",
      {{"documents", documents}});
  EXPECT_GT(text.size(), 10'000'000U);
  EXPECT_THAT(text, testing::EndsWith("(500)500"));
}

TEST(JinjaLimits, TakeBytesThatAreNoTextForReplacementCharacters) {
  for (const std::string filter : {"striptags", "urlize", "wordwrap(9)", "upper"})
    EXPECT_EQ(rendered("{{ 'A \xC4 1' | " + filter + " }} {{ x | " + filter + " }}", {{"x", "A \xFF"}}),
              "A \uFFFD 1 A \uFFFD")
        << filter;
}

TEST(JinjaLimits, ChangeNothingOfWhatReplaceAndSplitGive) {
  EXPECT_EQ(rendered("{{ 'abcabc'.replace('b', '--') }}|{{ 'aaa' | replace('aa', 'b') }}|{{ 'abc'.replace('', '.') }}|"
                     "{{ 'x'.replace('y', 'z') }}|{{ '-' * 5 }}|{{ 3 * 'ab' }}|{{ 'x' * 0 }}"),
            "a--ca--c|ba|.a.b.c.|x|-----|ababab|");
  EXPECT_EQ(rendered("{{ 'a,b,,c'.split(',') }}{{ 'a b'.split() }}{{ 'a,b,c'.split(',', 1) }}{{ ''.split(',') }}"
                     "{{ 'a,b,c'.rsplit(',', 1) }}"),
            "['a', 'b', '', 'c']['a', 'b']['a', 'b,c']['']['a,b', 'c']");
}

}  // namespace
}  // namespace berth
