#include <gmock/gmock.h>

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "berth/engine.h"
#include "berth/version.h"
#include "cli/commands.h"

namespace berth::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::size_t count_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Its longest line, in code points.
std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    longest = std::max(longest, static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
                         return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
                       })));
  return longest;
}

TEST(CommandLine, VersionNamesBerthAndItsEngines) {
  const auto outcome = berth_command({"--version"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("berth " + std::string(version())));
  for (const Engine* engine : engines())
    EXPECT_THAT(outcome.out, HasSubstr(std::string(engine->name()) + " " + engine->version()));
  EXPECT_EQ(count_lines(outcome.out), 1U);
}

TEST(CommandLine, HelpIsThereForEachCommandWithExamplesWithinEightyColumns) {
  for (auto arguments : {std::vector<std::string>{"--help"}, {"-h"}}) {
    const auto outcome = berth_command(arguments);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("Usage: berth"), HasSubstr("Examples:\n")));
    EXPECT_LE(longest_line(outcome.out), 80U);
  }
  auto commands = all_commands();
  EXPECT_THAT(commands,
              AllOf(Contains(std::vector<std::string>{"run"}), Contains(std::vector<std::string>{"pipeline", "run"})));
  for (auto& words : commands) {
    const std::string command = fmt::format("berth {}", fmt::join(words, " "));
    words.emplace_back("--help");
    const auto outcome = berth_command(words);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("Usage: " + command), HasSubstr("Examples:\n  " + command)));
    EXPECT_LE(longest_line(outcome.out), 80U) << outcome.out;
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(CommandLine, WrongUseIsOneLineOnStandardErrorAndExitCodeTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"nonesuch"},
      {"--nonesuch"},
      {"run"},
      {"run", "smollm2", "--nonesuch"},
      {"run", "smollm2", "two", "words"},
      {"devices", "extra"},
      {"resolve", "gqu"},
      {"resolve", "cuda:-1"},
      {"resolve", ""},
      {"resolve", "{not json}"},
      {"resolve", "disk"},
      {"plan"},
      {"plan", "smollm2", "--format", "word"},
      {"plan", "--compare", "one.json"},
      {"inspect"},
      {"inspect", "one", "two"},
      {"convert", "cpu"},
      {"convert", "cpu", "--to", "nonesuch"},
      {"convert", "--to", "hf"},
      {"pipeline"},
      {"pipeline", "nonesuch"},
      {"pipeline", "validate"},
      {"pipeline", "run"},
      {"pipeline", "draw", "-o", "x.svg"},
      {"components", "nonesuch"},
      {"completion"},
      {"completion", "tcsh"},
  };
  for (const auto& arguments : wrong) {
    const auto outcome = berth_command(arguments);
    const auto shown = testing::PrintToString(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << shown;
    EXPECT_EQ(outcome.out, "") << shown;
    EXPECT_THAT(outcome.err, StartsWith("berth: error: ")) << shown;
    EXPECT_EQ(count_lines(outcome.err), 1U) << shown << outcome.err;
  }
}

TEST(CommandLine, ErrorsSayWhatHelps) {
  EXPECT_THAT(berth_command({"nonesuch"}).err,
              AllOf(HasSubstr("'nonesuch'"), HasSubstr("run, embed, rank, devices, doctor, resolve, plan, inspect, ps, worker, "
                                                       "workers, convert, gguf, pipeline, components, completion")));
  EXPECT_THAT(berth_command({"pipeline", "nonesuch"}).err,
              AllOf(HasSubstr("'nonesuch'"), HasSubstr("validate, run, draw"), HasSubstr("berth pipeline --help")));
  EXPECT_THAT(berth_command({"pipeline"}).err, HasSubstr("Say what to do; the commands are validate, run, draw"));
  EXPECT_THAT(berth_command({"run", "smollm2", "--nonesuch"}).err,
              AllOf(HasSubstr("--nonesuch"), HasSubstr("berth run --help")));
  EXPECT_THAT(berth_command({"convert", "cpu", "--to", "nonesuch"}).err, HasSubstr("openvino"));
}

TEST(CommandLine, WithJsonAnErrorIsTheOneDocument) {
  const std::vector<std::vector<std::string>> wrong = {{"devices", "extra", "--json"},
                                                       {"resolve", "gqu", "--json"},
                                                       {"convert", "cuda", "--to", "openvino", "--json"},
                                                       {"run", "--json"},
                                                       {"run", "/nonesuch.gguf", "-p", "x", "--json"}};
  for (const auto& arguments : wrong) {
    const auto outcome = berth_command(arguments);
    const auto document = json::parse(outcome.out);
    EXPECT_FALSE(document.at("error").at("message").get<std::string>().empty());
    EXPECT_EQ(document.size(), 1U);
    EXPECT_EQ(outcome.err, "berth: error: " + document["error"]["message"].get<std::string>() + "\n");
    EXPECT_NE(outcome.exit_code, 0);
  }
}

TEST(CommandLine, ControlCharactersFromOutsideNeverReachTheTerminal) {
  const std::string hostile = "\x1b]0;title\x07\x1b[31m\r\nsecond line\xff\xe2\x80\xae";
  for (const auto& arguments : {std::vector<std::string>{"run", hostile, "-p", "x"},
                                {"run", "smollm2", "-p", "x", "--device", hostile},
                                {"resolve", hostile},
                                {"convert", "cpu", "--to", hostile},
                                {hostile}}) {
    const auto outcome = berth_command(arguments);
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_EQ(count_lines(outcome.err), 1U) << outcome.err;
    for (const char* byte : {"\x1b", "\x07", "\r", "\xff", "\xe2\x80\xae"})
      EXPECT_THAT(outcome.err, Not(HasSubstr(byte)));
    auto with_json = arguments;
    with_json.emplace_back("--json");
    EXPECT_TRUE(json::accept(berth_command(with_json).out));
  }
}

TEST(CommandLine, ColoursOnlyOnATerminalThatMayHaveThem) {
  const auto error = [](ProcessOptions options) { return berth_command({"nonesuch"}, std::move(options)); };
  const auto on_terminal = [&](std::map<std::string, std::optional<std::string>> environment) {
    environment.try_emplace("NO_COLOR", std::nullopt);
    environment.try_emplace("TERM", "xterm");
    return error({.environment = std::move(environment), .terminal_error = true}).out;
  };
  EXPECT_THAT(on_terminal({}), HasSubstr("\x1b[1;31merror:\x1b[0m"));
  EXPECT_THAT(on_terminal({{"NO_COLOR", ""}}), HasSubstr("\x1b["));  // empty does not count, as no-color.org says
  EXPECT_THAT(on_terminal({{"NO_COLOR", "1"}}), AllOf(HasSubstr("berth: error: "), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(on_terminal({{"TERM", "dumb"}}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(error({.environment = {{"NO_COLOR", std::nullopt}}}).err, Not(HasSubstr("\x1b")));
}

TEST(CommandLine, AnOutputThatCannotBeWrittenIsAFailure) {
  for (const auto& arguments : {std::vector<std::string>{"--version"},
                                {"--help"},
                                {"devices"},
                                {"devices", "--json"},
                                {"resolve", "cpu"},
                                {"convert", "cpu", "--to", "hf"},
                                {"completion", "bash"}}) {
    const auto outcome = berth_command(arguments, {.output_file = "/dev/full"});
    EXPECT_EQ(outcome.exit_code, 1) << arguments[0];
    EXPECT_THAT(outcome.err, AllOf(StartsWith("berth: error: "), HasSubstr("No space left on device")));
    EXPECT_EQ(count_lines(outcome.err), 1U);
  }
}

TEST(CommandLine, AWrongUseWhoseDocumentCannotBeWrittenIsStillWrongUse) {
  const auto outcome = berth_command({"resolve", "gqu", "--json"}, {.output_file = "/dev/full"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("'gqu'"), HasSubstr("No space left on device")));
}

TEST(CommandLine, AReaderThatWentAwayEndsItQuietly) {
  // Even where the parent ignores SIGPIPE.
  for (const std::string before : {"", "trap '' PIPE; "}) {
    const auto outcome =
        berth_command({"-c", before + "(sleep 0.2; \"$0\" completion bash; echo \"code $?\" >&2) | true", BERTH_BINARY},
                      {.program = "/bin/sh"});
    EXPECT_EQ(outcome.err, "code 141\n");
  }
}

}  // namespace
}  // namespace berth::test
