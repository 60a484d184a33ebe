// Texts that are kept in tests/data and reviewed as a diff. BERTH_REWRITE_GOLDEN=1 writes them anew.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace berth::test {

inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = BERTH_TEST_DATA_DIR "/" + name;
  if (std::getenv("BERTH_REWRITE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  const std::string kept{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, kept) << "tests/data/" << name << " is another; BERTH_REWRITE_GOLDEN=1 writes it anew";
}

}  // namespace berth::test
