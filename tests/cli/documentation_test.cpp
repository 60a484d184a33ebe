#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "cli/commands.h"

namespace berth::test {
namespace {

using testing::HasSubstr;

const auto docs = std::filesystem::path(BERTH_TEST_DATA_DIR).parent_path().parent_path() / "docs";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// "-p" and "--prompt" of each line of `help` that describes an option.
std::set<std::string> options_in(const std::string& help) {
  std::set<std::string> options;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  -")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word && word[0] == '-';)
      options.insert(word.ends_with(',') ? word.substr(0, word.size() - 1) : word);
  }
  return options;
}

std::string without(std::string text, const std::string& what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) text.erase(at, what.size());
  return text;
}

/// Names of options in the page's source.
std::set<std::string> options_on_page(const std::string& page) {
  std::set<std::string> options;
  const auto text = without(page, "\\");
  for (auto at = text.find('-'); at != std::string::npos; at = text.find('-', at)) {
    const auto end = text.find_first_not_of("-abcdefghijklmnopqrstuvwxyz", at);
    if (text[at - 1] == ' ') options.insert(text.substr(at, end - at));
    at = end;
  }
  return options;
}

/// "--measure" is not in "--measure-again".
bool has_option(const std::string& text, const std::string& option) {
  return std::regex_search(text, std::regex(option + "(?![a-z-])"));
}

TEST(ManPage, HasEachOptionOfEachCommandAndNoOther) {
  const auto page = options_on_page(read_file(docs / "man" / "berth.1"));
  const auto guide = read_file(docs / "command-line.md");
  std::set<std::string> known;
  auto commands = all_commands();
  commands.emplace_back();  // berth itself
  for (const auto& command : commands) {
    auto arguments = command;
    arguments.emplace_back("--help");
    const auto options = options_in(berth_command(arguments).out);
    EXPECT_TRUE(options.contains("--help"));
    for (const auto& option : options) {
      EXPECT_TRUE(page.contains(option)) << option << " is missing on the page";
      EXPECT_TRUE(has_option(guide, option) || option.size() == 2) << option << " is missing in the guide";
    }
    known.insert(options.begin(), options.end());
  }
  EXPECT_GE(known.size(), 20U);
  for (const auto& option : page) {
    if (option == "-") continue;  // standard input
    EXPECT_TRUE(known.contains(option)) << option << " is no option";
  }
}

TEST(ManPage, HasNoWarnings) {
  bool checked = false;
  const auto page = (docs / "man" / "berth.1").string();
  for (const std::string check : {"mandoc -T lint -W warning", "groff -man -ww -z -T utf8"}) {
    const auto program = check.substr(0, check.find(' '));
    if (berth_command({"-c", "command -v " + program}, {.program = "/bin/sh"}).exit_code != 0) continue;
    const auto outcome = berth_command({"-c", check + " \"$0\" 2>&1", page}, {.program = "/bin/sh"});
    EXPECT_EQ(outcome.out, "") << check;
    checked = true;
  }
  if (!checked) GTEST_SKIP() << "neither mandoc nor groff is here";
}

TEST(CommandLineGuide, HasEachCommand) {
  const auto guide = read_file(docs / "command-line.md");
  for (const std::string command :
       {"run", "embed", "rank", "devices", "doctor", "resolve", "plan", "inspect", "ps", "convert", "pipeline validate",
        "pipeline run", "pipeline draw", "components", "completion"})
    EXPECT_THAT(guide, HasSubstr("\n## berth " + command + "\n"));
}

}  // namespace
}  // namespace berth::test
