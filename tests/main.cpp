/// The main function of each test program: GoogleTest's own, and a test that is skipped although skips.txt does not name
/// it is a failure.
#include <fnmatch.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

class UnlistedSkips : public testing::EmptyTestEventListener {
 public:
  explicit UnlistedSkips(const char* path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
      if (!line.empty() && line.front() != '#') patterns_.push_back(line.substr(0, line.find(' ')));
  }

  void OnTestEnd(const testing::TestInfo& test) override {
    if (!test.result()->Skipped()) return;
    const auto name = std::string(test.test_suite_name()) + '.' + test.name();
    for (const auto& pattern : patterns_)
      if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return;
    std::cerr << name << " was skipped, and tests/skips.txt does not name it\n";
    found_ = true;
  }

  bool found() const { return found_; }

 private:
  std::vector<std::string> patterns_;
  bool found_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  setenv("BERTH_WORKERS", "/dev/null", 0);  // what workers the user has is nothing to a test
  auto skips = std::make_unique<UnlistedSkips>(BERTH_TEST_SKIPS);
  const auto* const listener = skips.get();
  testing::UnitTest::GetInstance()->listeners().Append(skips.release());
  const int result = RUN_ALL_TESTS();
  return result == 0 && listener->found() ? 1 : result;
}
