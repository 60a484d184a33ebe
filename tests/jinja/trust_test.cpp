/// Which parts of a chat are trusted.
#include "jinja/trusted_text.h"

#include <gmock/gmock.h>

#include "jinja/template.h"

namespace berth {
namespace {

using Piece = JinjaTemplate::Piece;
using testing::ElementsAre;

std::vector<Piece> pieces(const std::string& source) {
  return JinjaTemplate(source, JinjaTemplate::Kind::chat)
      .render_pieces(
          {{"x", "ab cd"}, {"y", "<é>"}, {"role", jinja::TrustedText{"user"}}, {"l", Value::Array{"p", "q"}}});
}

TEST(Trust, GoesWithEachCharacter) {
  EXPECT_THAT(pieces("[{{ x }}]"), ElementsAre(Piece{"[", true}, Piece{"ab cd", false}, Piece{"]", true}));
  EXPECT_THAT(pieces("{{ role }}:{{ x[1:4] }}"), ElementsAre(Piece{"user:", true}, Piece{"b c", false}));
  EXPECT_THAT(pieces("{{ ('<' ~ x ~ '>')[2:] }}"), ElementsAre(Piece{"b cd", false}, Piece{">", true}));
  EXPECT_THAT(pieces("{{ ('<' + y + '>')[::-1] }}"),
              ElementsAre(Piece{">", true}, Piece{">é<", false}, Piece{"<", true}));
  EXPECT_THAT(pieces("{{ l | join(', ') }}"), ElementsAre(Piece{"p", false}, Piece{", ", true}, Piece{"q", false}));
  EXPECT_THAT(pieces("{{ 'a-b'.replace('-', x) }}"),
              ElementsAre(Piece{"a", true}, Piece{"ab cd", false}, Piece{"b", true}));
  EXPECT_THAT(pieces("{{ x.replace(' ', '|') }}"),
              ElementsAre(Piece{"ab", false}, Piece{"|", true}, Piece{"cd", false}));
  EXPECT_THAT(pieces("{{ (' ' + x + ' ').strip() }}"), ElementsAre(Piece{"ab cd", false}));
  EXPECT_THAT(pieces("{{ x.split()[1] }}"), ElementsAre(Piece{"cd", false}));
  EXPECT_THAT(pieces("{{ '%s=%s' | format(role, x) }}{{ '{}!'.format(x) }}"),
              ElementsAre(Piece{"user=", true}, Piece{"ab cdab cd", false}, Piece{"!", true}));
}

TEST(Trust, IsKeptByWhatChangesCharacters) {
  EXPECT_THAT(pieces("{{ ('k: ' ~ x) | upper }}"), ElementsAre(Piece{"K: ", true}, Piece{"AB CD", false}));
  EXPECT_THAT(pieces("{{ ('k ' ~ x) | title }}"), ElementsAre(Piece{"K ", true}, Piece{"Ab Cd", false}));
  EXPECT_THAT(pieces("{{ ('k ' ~ y) | title }}"), ElementsAre(Piece{"K <É>", false}));
  EXPECT_THAT(pieces("{{ {'k': x} | tojson }}"),
              ElementsAre(Piece{"{\"k\": \"", true}, Piece{"ab cd", false}, Piece{"\"}", true}));
  EXPECT_THAT(pieces("{{ [x] }}"), ElementsAre(Piece{"['", true}, Piece{"ab cd", false}, Piece{"']", true}));
  EXPECT_THAT(pieces("{% macro m(a) %}({{ a }}){% endmacro %}{{ m(x) }}"),
              ElementsAre(Piece{"(", true}, Piece{"ab cd", false}, Piece{")", true}));
}

}  // namespace
}  // namespace berth
