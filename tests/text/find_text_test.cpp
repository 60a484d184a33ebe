#include "text/find_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>

namespace berth {
namespace {

TEST(FindText, FindsWhatTheStandardLibraryFinds) {
  std::mt19937 numbers(1);
  const auto text_of = [&](std::size_t most, unsigned letters) {
    std::string text(numbers() % (most + 1), ' ');
    for (auto& c : text) c = static_cast<char>(numbers() % letters == 0 ? 0x80 + 'b' : 'a' + numbers() % 2);
    return text;
  };
  int found = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto letters = 2U << numbers() % 6;
    auto text = text_of(200, letters);
    auto what = text_of(70, letters);
    if (round % 2 == 0)  // what repeats itself
      while (what.size() < 64) what += what.empty() ? "a" : what.substr(0, 1 + numbers() % what.size());
    for (auto times = numbers() % 3; times > 0; --times)
      text.insert(numbers() % (text.size() + 1), what.substr(std::min<std::size_t>(numbers() % 2, what.size())));
    const auto from = numbers() % 4 == 0 ? numbers() % 220 : 0;
    found += text.find(what, from) != text.npos ? 1 : 0;
    ASSERT_EQ(find_text(text, what, from), text.find(what, from)) << text << "\n" << what << "\n" << from;
    ASSERT_EQ(find_last_text(text, what), text.rfind(what)) << text << "\n" << what;
  }
  EXPECT_GT(found, 5'000);
}

TEST(FindText, FindsNothingInAMoment) {
  const std::string text(4'000'000, 'a');
  const std::string half(2'000'000, 'a');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(find_text(text, half + "b"), text.npos);
  EXPECT_EQ(find_text(text, "b" + half), text.npos);
  EXPECT_EQ(find_last_text(text, "b" + half), text.npos);
  EXPECT_EQ(find_last_text(text, half.substr(1) + "b" + half.substr(1)), text.npos);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));  // hours by std::string::find
}

}  // namespace
}  // namespace berth
