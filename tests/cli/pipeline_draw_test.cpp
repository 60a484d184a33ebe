#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/pipeline_file.h"
#include "cli/process.h"

namespace berth::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class PipelineDraw : public PipelineFileTest {
 protected:
  Outcome draw(std::vector<std::string> more) const {
    more.insert(more.begin(), {"pipeline", "draw", file("p.yaml", builders_yaml())});
    return berth_command(more);
  }
  std::string written(const std::string& name) const {
    std::ifstream stream(folder_.path() / name);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }
};

TEST_F(PipelineDraw, GivesMermaidOrSvg) {
  EXPECT_THAT(draw({}).out, AllOf(StartsWith("flowchart TD\n"), HasSubstr("prompt -> text")));
  EXPECT_THAT(draw({"--svg"}).out, AllOf(StartsWith("<svg "), EndsWith("</svg>\n")));
}

TEST_F(PipelineDraw, WritesToAFileByItsSuffix) {
  for (const std::string name : {"p.svg", "p.mmd"}) {
    const auto outcome = draw({"-o", (folder_.path() / name).string()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(written(name), StartsWith(name == "p.svg" ? "<svg " : "flowchart TD\n"));
  }
}

TEST_F(PipelineDraw, GivesOneJsonDocument) {
  const auto document = nlohmann::json::parse(draw({"--json"}).out);
  EXPECT_EQ(document.at("format"), "mermaid");
  EXPECT_EQ(document.at("drawing"), draw({}).out);
}

TEST_F(PipelineDraw, RefusesOtherSuffixesAndPlacesThatCannotBeWritten) {
  const auto png = draw({"-o", "p.png"});
  EXPECT_EQ(png.exit_code, 2);
  EXPECT_THAT(png.err, AllOf(HasSubstr("'p.png'"), HasSubstr(".svg"), HasSubstr(".mmd")));
  EXPECT_EQ(draw({"--svg", "-o", "p.mmd"}).exit_code, 2);
  const auto nowhere = draw({"-o", (folder_.path() / "no" / "p.svg").string()});
  EXPECT_EQ(nowhere.exit_code, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("No such file"));
}

}  // namespace
}  // namespace berth::test
