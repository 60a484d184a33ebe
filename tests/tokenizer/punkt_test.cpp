/// Sentences by Punkt: what the recorded cases of DocumentSplitter do not show.
#include "tokenizer/punkt.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "berth/error.h"
#include "random_values.h"
#include "refusal.h"
#include "text/unicode.h"
#include "tokenizer/punkt_words.h"

namespace berth::tokenizing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const PunktModel small_model = {.abbreviations = {"dr", "e.g"},
                                .collocations = {"no\t##number##"},
                                .starters = {"he"},
                                .contexts = {{"the", PunktModel::upper_at_start | PunktModel::lower_inside}}};

std::vector<std::string_view> punkt_texts(std::string_view text) {
  std::vector<std::string_view> texts;
  for (const auto& span : punkt_sentences(small_model, text))
    texts.push_back(text.substr(span.begin, span.end - span.begin));
  return texts;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> all;
  PunktWords words(text);
  while (const auto word = words.next()) all.push_back(*word);
  return all;
}

/// A text of pieces that the rules know.
std::string punkt_like_text(test::Random& random) {
  static const char* const pieces[] = {"Dr.",      "e.g.",       "No.",  "5",    "He", "the", ".",      "...",
                                       "?",        "!)",         " ",    " ",    "\n", "\"",  ". . .",  "\u201D",
                                       "'",        "--",         ",",    "(",    "J.", "]",   "\u3000", "\x1C",
                                       "\xC3\x9F", "\U0001F600", "\xFF", "\xE4", "##", "1.5."};
  std::string text;
  for (int i = random.below(30); i >= 0; --i) text += pieces[random.below(30)];
  return text;
}

TEST(Punkt, CutsWordsAsItsExpressionsDo) {
  EXPECT_THAT(
      words_of("It's 3.14, (well)... so--so. . . yes,no,\nend."),
      ElementsAre("It", "'s", "3.14", ",", "(", "well", ")", "...", "so", "--", "so", ". . .", "yes,no", ",", "end."));
  EXPECT_THAT(words_of(" \n\x1c\n\t"), ElementsAre());
  EXPECT_THAT(words_of("\x1c a"), ElementsAre("\x1c", "a"));  // white space of str, not of the regular expressions
  EXPECT_THAT(words_of(". . . . x . . y"), ElementsAre(". . . .", "x", ".", ".", "y"));
}

TEST(Punkt, EndsSentencesAsTheModelSays) {
  EXPECT_THAT(punkt_texts("Dr. Who left, e.g. The end. No. 5 came. He left e.g. He did."),
              ElementsAre("Dr. Who left, e.g. ", "The end. ", "No. 5 came. ", "He left e.g. ", "He did."));
  EXPECT_THAT(punkt_texts("\"Who?\" he said. End.  \n"), ElementsAre("\"Who?\"", "he said. ", "End."));
  EXPECT_THAT(punkt_texts(""), ElementsAre());
  EXPECT_THAT(punkt_texts(" \u3000\n"), ElementsAre());
}

TEST(Punkt, SentencesStandInOrderAndLeaveOutWhiteSpaceOnly) {
  test::Random random;
  for (int i = 0; i < 5000; ++i) {
    const auto text = punkt_like_text(random);
    SCOPED_TRACE(testing::PrintToString(text));
    std::size_t at = 0;
    for (const auto& span : punkt_sentences(small_model, text)) {
      ASSERT_LT(span.begin, span.end);
      ASSERT_LE(at, span.begin);
      EXPECT_EQ(without_space(std::string_view(text).substr(at, span.begin - at)), "");
      at = span.end;
    }
    EXPECT_EQ(without_space(std::string_view(text).substr(at)), "");
  }
}

TEST(Punkt, TakesTimeInProportionToTheText) {
  using Clock = std::chrono::steady_clock;
  for (const std::string_view piece : {"a.", ". ", "a.\u3000", ".\"", "(.", "1.\n"}) {
    std::string text;
    while (text.size() < 500'000) text += piece;
    const auto start = Clock::now();
    punkt_sentences(small_model, text);
    // A quadratic one takes minutes; this is for slow machines with sanitizers.
    EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), 30) << piece;
  }
}

class PunktFiles : public testing::Test {
 protected:
  PunktFiles() {
    std::filesystem::create_directories(folder_);
    write("abbrev_types.txt", "dr\n");
    write("collocations.tab", "a\tb\n##number##\tc");
    write("sent_starters.txt", "");
    write("ortho_context.tab", "the\t34\nthe\t66");
  }
  ~PunktFiles() override { std::filesystem::remove_all(folder_); }

  void write(const char* name, std::string_view text) const { std::ofstream(folder_ / name, std::ios::binary) << text; }
  std::string problem() const {
    return test::refusal<FormatError>([&] { read_punkt(folder_); });
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("berth-punkt-" + std::to_string(::getpid()));
};

TEST_F(PunktFiles, AreReadLineByLine) {
  const auto model = read_punkt(folder_);
  EXPECT_THAT(model.abbreviations, ElementsAre("dr"));
  EXPECT_THAT(model.collocations, ElementsAre("##number##\tc", "a\tb"));
  EXPECT_THAT(model.starters, ElementsAre());
  EXPECT_THAT(model.contexts, ElementsAre(std::pair<const std::string, unsigned>("the", 66)));
}

TEST_F(PunktFiles, ThatAreBrokenAreNamedWithTheLine) {
  write("collocations.tab", "a\tb\n\n");
  EXPECT_THAT(problem(), HasSubstr("collocations.tab:2:1: found '', expected two fields with a tab between them"));
  write("collocations.tab", "a\tb\tc\n");
  EXPECT_THAT(problem(), HasSubstr("collocations.tab:1:1: found 'a\\tb\\tc'"));
  write("collocations.tab", "");
  for (const auto* number : {"", "-1", "1x", " 1", "99999999999", "1.5"}) {
    write("ortho_context.tab", "a\t2\nb\t" + std::string(number) + "\nc\t2");
    EXPECT_THAT(problem(), HasSubstr("ortho_context.tab:2:1: found '" + std::string(number) + "', expected a number"));
  }
  write("sent_starters.txt", "he\nh\xC3");
  EXPECT_THAT(problem(), HasSubstr("sent_starters.txt:2:1: found what is not UTF-8"));
  std::filesystem::resize_file(folder_ / "abbrev_types.txt", (std::size_t{64} << 20U) + 1);
  EXPECT_THAT(problem(), HasSubstr("found 67108865 bytes, expected at most 67108864"));
  std::filesystem::remove(folder_ / "abbrev_types.txt");
  EXPECT_THAT(problem(), HasSubstr("abbrev_types.txt"));
}

}  // namespace
}  // namespace berth::tokenizing
