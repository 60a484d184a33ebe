#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "cli/commands.h"
#include "test_model.h"

namespace berth::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

bool is_installed(const std::string& program) {
  return berth_command({"-c", "command -v " + program}, {.program = "/bin/sh"}).exit_code == 0;
}

class CompletionTest : public testing::Test {
 protected:
  std::string script(const std::string& shell) const {
    const auto outcome = berth_command({"completion", shell});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto path = folder_.path() / ("berth." + shell);
    std::ofstream(path) << outcome.out;
    return path.string();
  }

  /// A home of its own, and the program first in PATH: the scripts ask it.
  std::map<std::string, std::optional<std::string>> environment() const {
    return {{"PATH", std::filesystem::path(BERTH_BINARY).parent_path().string() + ":" + std::getenv("PATH")},
            {"HOME", folder_.path().string()}};
  }

  /// What bash offers for the last of `words`.
  std::vector<std::string> bash(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--norc", "-c",
                                 "source \"$1\"; shift; COMP_WORDS=(berth \"$@\"); COMP_CWORD=$#; _berth; "
                                 "[[ ${#COMPREPLY[@]} = 0 ]] || printf '%s\\n' \"${COMPREPLY[@]}\"",
                                 "bash", script("bash")});
    const auto outcome = berth_command(words, {.environment = environment(), .program = "bash"});
    EXPECT_EQ(outcome.err, "");
    return lines_of(outcome.out);
  }

  std::vector<std::string> fish(const std::string& line) const {
    const auto outcome =
        berth_command({"--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script("fish"), line},
                      {.environment = environment(), .program = "fish"});
    std::vector<std::string> words;
    for (const auto& each : lines_of(outcome.out)) words.push_back(each.substr(0, each.find('\t')));
    return words;
  }

  TemporaryFolder folder_;
};

/// The answer of the program itself for the last of `words`.
std::vector<std::string> answer(std::vector<std::string> words) {
  words.insert(words.begin(), {"complete", "--"});
  const auto outcome = berth_command(words);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  return lines_of(outcome.out);
}

TEST(Complete, TellsWhatMayComeNext) {
  EXPECT_THAT(answer({"re"}),
              ElementsAre("resolve\tPrint the device that is used where WISH, or nothing, is asked for"));
  EXPECT_THAT(answer({"run", "--seed", "-"}), IsEmpty());
  EXPECT_THAT(answer({"convert", "cpu", "--to=o"}), ElementsAre("--to=openvino", "--to=onnxruntime"));
  EXPECT_THAT(answer({"convert", "cpu", ""}), IsEmpty());  // takes one device
  EXPECT_THAT(answer({"convert", "--json", "vul"}), ElementsAre("vulkan"));
  EXPECT_THAT(answer({"convert", "--", "vul"}), ElementsAre("vulkan"));
  EXPECT_THAT(answer({"convert", "--", "--j"}), IsEmpty());
  EXPECT_THAT(answer({"resolve", "--policy", ""}), ElementsAre("haystack", "most_free", "fastest"));
  EXPECT_THAT(answer({"plan", "m.gguf", "--format", "h"}), ElementsAre("hf", "html"));
  EXPECT_THAT(answer({"plan", "m.gguf", "--avoid", "v"}), ElementsAre("vulkan"));
  EXPECT_THAT(answer({"pipeline", "run", "rag.yaml", ""}), IsEmpty());
}

TEST(Complete, SaysWhereFilesMayStand) {
  EXPECT_THAT(answer({"run", ""}), ElementsAre("smollm2", ":files"));
  EXPECT_THAT(answer({"run", "./mod"}), ElementsAre(":files"));
  EXPECT_THAT(answer({"devices", "--inventory", ""}), ElementsAre(":files"));
  EXPECT_THAT(answer({"devices", "--inventory=m"}), ElementsAre(":files"));
  EXPECT_THAT(answer({"pipeline", "validate", ""}), ElementsAre(":files"));
  EXPECT_THAT(answer({"inspect", "./mod"}), ElementsAre(":files"));
  EXPECT_THAT(answer({"embed", ""}), ElementsAre("minilm", "smollm2", ":files"));
  EXPECT_THAT(answer({"plan", "--compare", ""}), ElementsAre(":files"));
}

TEST(Complete, AnswersAnything) {
  EXPECT_THAT(answer({}), Contains(testing::StartsWith("run\t")));
  EXPECT_THAT(answer({"no-command", ""}), IsEmpty());
  EXPECT_THAT(answer({"run", "--no-option", "smol"}), Contains("smollm2"));
  EXPECT_THAT(answer({"run", "--system"}), ElementsAre(testing::StartsWith("--system\t")));
  EXPECT_THAT(answer({"run", "--no-option=x"}), IsEmpty());
  EXPECT_THAT(answer({"=", "--", "[]", "{}", "-", "\xff", "--="}), IsEmpty());
  EXPECT_THAT(answer({"run", "--prompt", "--", "--", "--json", "--"}), IsEmpty());
}

TEST(Complete, IsInNoListOfCommands) {
  EXPECT_THAT(commands_of(), Not(Contains("complete")));
  EXPECT_EQ(berth_command({"complete"}).exit_code, 2);
}

TEST(Complete, HasEachCommandAndOptionOfEachHelp) {
  std::vector<std::string> names;
  for (const auto& line : answer({""})) names.push_back(line.substr(0, line.find('\t')));
  EXPECT_EQ(names, commands_of());
  for (const auto& command : all_commands()) {
    auto help = command;
    help.emplace_back("--help");
    auto words = command;
    words.emplace_back("--");
    const auto offered = answer(words);
    std::size_t options = 0;
    for (const auto& line : lines_of(berth_command(help).out)) {
      if (!line.starts_with("  -")) continue;
      // "--n-ctx,--context": one option may have several names.
      for (auto at = line.find("--"); at != std::string::npos;) {
        const auto end = std::min(line.find_first_of(" ,", at), line.size());
        const auto name = line.substr(at, end - at);
        EXPECT_THAT(offered, Contains(testing::StartsWith(name + "\t"))) << testing::PrintToString(command);
        ++options;
        at = line.substr(end).starts_with(",--") ? end + 1 : line.substr(end).starts_with(", --") ? end + 2 : line.npos;
      }
    }
    EXPECT_GE(options, 1U);
    EXPECT_EQ(offered.size(), options) << testing::PrintToString(command);
  }
}

TEST_F(CompletionTest, BashOffersCommandsOptionsAndValues) {
  if (!is_installed("bash")) GTEST_SKIP() << "no bash here";
  EXPECT_THAT(bash({""}), UnorderedElementsAreArray(commands_of()));
  EXPECT_THAT(bash({"re"}), ElementsAre("resolve"));
  EXPECT_THAT(bash({"--v"}), ElementsAre("--version"));
  EXPECT_THAT(bash({"run", "m.gguf", "--max-n"}), ElementsAre("--max-new-tokens"));
  EXPECT_THAT(bash({"run", "--device", "c"}), ElementsAre("cpu", "cuda"));
  EXPECT_THAT(bash({"run", "--device", "=", "v"}), ElementsAre("vulkan"));
  EXPECT_THAT(bash({"convert", "cpu", "--to", "o"}), ElementsAre("openvino", "onnxruntime"));
  EXPECT_THAT(bash({"convert", "cpu", "--to", "="}), Contains("hf"));
  EXPECT_THAT(bash({"completion", "z"}), ElementsAre("zsh"));
  EXPECT_THAT(bash({"resolve", "x"}), ElementsAre("xpu"));
  EXPECT_THAT(bash({"run", "smol"}), ElementsAre("smollm2"));
  EXPECT_THAT(bash({"run", "./mod"}), IsEmpty());  // bash goes on with file names
  EXPECT_THAT(bash({"run", "--seed", "-"}), IsEmpty());
  EXPECT_THAT(bash({"devices", "--to"}), IsEmpty());
  EXPECT_THAT(bash({"pipeline", ""}), UnorderedElementsAre("validate", "run", "draw"));
  EXPECT_THAT(bash({"pipeline", "run", "--d"}), UnorderedElementsAre("--device", "--documents"));
  EXPECT_THAT(bash({"pipeline", "draw", "--d"}), IsEmpty());
  EXPECT_THAT(bash({"pipeline", "run", "rag.yaml", "--max-n"}), IsEmpty());
  EXPECT_THAT(bash({"components", "Answer"}), ElementsAre("AnswerBuilder"));
  EXPECT_THAT(bash({"run", "--device", "cuda", ":", "1", "smol"}), ElementsAre("smollm2"));  // as bash takes it apart
  EXPECT_THAT(bash({"run", "--device", "cuda", ":"}), IsEmpty());
}

TEST_F(CompletionTest, ZshTakesTheScript) {
  if (!is_installed("zsh")) GTEST_SKIP() << "no zsh here";
  const auto check = berth_command({"-n", script("zsh")}, {.program = "zsh"});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  const auto load = berth_command(
      {"-fc", "autoload -U compinit; compinit -D -u; source $1; print $_comps[berth]", "zsh", script("zsh")},
      {.environment = environment(), .program = "zsh"});
  EXPECT_EQ(load.out, "_berth\n") << load.err;
}

TEST_F(CompletionTest, ZshOffersCommandsOptionsAndValues) {
  if (!is_installed("zsh")) GTEST_SKIP() << "no zsh here";
  auto variables = environment();
  variables["TERM"] = "xterm";
  variables["PS1"] = "@ ";
  std::ofstream(folder_.path() / "machine.json") << "{}";
  Process shell({"-f", "-i"}, {.environment = variables,
                               .terminal_input = true,
                               .terminal_output = true,
                               .terminal_error = true,
                               .folder = folder_.path().string(),
                               .program = "zsh"});
  shell.type("unsetopt zle_bracketed_paste; autoload -U compinit; compinit -D -u; source " + script("zsh") +
             "; print ready$((1))\n");
  ASSERT_TRUE(shell.wait_for("ready1"));
  shell.type("berth \t\t");
  EXPECT_TRUE(shell.wait_for("Let a model answer a prompt"));
  shell.type(
      "\x15"
      "berth convert cpu --to open\t");
  EXPECT_TRUE(shell.wait_for("vino"));
  shell.type(
      "\x15"
      "berth run --max-n\t");
  EXPECT_TRUE(shell.wait_for("ew-tokens"));
  shell.type(
      "\x15"
      "berth pipeline val\t");
  EXPECT_TRUE(shell.wait_for("idate"));
  shell.type(
      "\x15"
      "berth pipeline run --include\t");
  EXPECT_TRUE(shell.wait_for("-outputs-from"));
  shell.type(
      "\x15"
      "berth devices --inventory mach\t");
  EXPECT_TRUE(shell.wait_for("ine.json"));
  shell.type(
      "\x15"
      "exit\n");
  EXPECT_EQ(shell.wait().exit_code, 0);
}

TEST_F(CompletionTest, FishOffersCommandsOptionsAndValues) {
  if (!is_installed("fish")) GTEST_SKIP() << "no fish here";
  EXPECT_EQ(berth_command({"-n", script("fish")}, {.program = "fish"}).exit_code, 0);
  EXPECT_THAT(fish("berth "), UnorderedElementsAreArray(commands_of()));
  EXPECT_THAT(fish("berth convert cpu --to o"), UnorderedElementsAre("openvino", "onnxruntime"));
  EXPECT_THAT(fish("berth run --max-n"), ElementsAre("--max-new-tokens"));
  EXPECT_THAT(fish("berth run smol"), Contains("smollm2"));
  EXPECT_THAT(fish("berth devices --"), Not(Contains("--device")));
  EXPECT_THAT(fish("berth pipeline "), UnorderedElementsAre("validate", "run", "draw"));
  EXPECT_THAT(fish("berth pipeline run --inc"), ElementsAre("--include-outputs-from"));
  EXPECT_THAT(fish("berth pipeline run --max"), IsEmpty());
  EXPECT_THAT(fish("berth components Answer"), ElementsAre("AnswerBuilder"));
  EXPECT_THAT(fish("berth convert cpu --to=o"), UnorderedElementsAre("--to=openvino", "--to=onnxruntime"));
  std::ofstream(folder_.path() / "machine.json") << "{}";
  const auto file = (folder_.path() / "machine.json").string();
  EXPECT_THAT(fish("berth devices --inventory " + file.substr(0, file.size() - 2)), ElementsAre(file));
  EXPECT_THAT(fish("berth devices --inventory=" + file.substr(0, file.size() - 2)), ElementsAre("--inventory=" + file));
}

TEST_F(CompletionTest, InstalledFilesAskTheProgram) {
  const std::filesystem::path files = BERTH_TEST_DATA_DIR "/../../cli/completions";
  if (is_installed("bash")) {
    const auto bash = berth_command({"--norc", "-c", "source \"$1\"; complete -p berth", "bash", files / "berth"},
                                    {.environment = environment(), .program = "bash"});
    EXPECT_EQ(bash.out, "complete -o default -F _berth berth\n") << bash.err;
  }
  if (is_installed("zsh")) {
    const auto zsh = berth_command(
        {"-fc", "fpath=($1 $fpath); autoload -U compinit; compinit -D -u; print $_comps[berth]", "zsh", files},
        {.environment = environment(), .program = "zsh"});
    EXPECT_EQ(zsh.out, "_berth\n") << zsh.err;
  }
  if (is_installed("fish")) {
    const auto fish = berth_command(
        {"--no-config", "-c", "source $argv[1]; complete -C 'berth convert cpu --to openv'", files / "berth.fish"},
        {.environment = environment(), .program = "fish"});
    EXPECT_THAT(fish.out, testing::HasSubstr("openvino")) << fish.err;
  }
}

}  // namespace
}  // namespace berth::test
