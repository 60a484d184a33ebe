/// What a probe should find on a recorded machine: tests/data/machines/<name>/expected.<probe>.json. With
/// BERTH_REWRITE_GOLDEN=1 the tests write these files, for a person to look at the difference.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "discover/probe.h"

namespace berth::test {

inline void expect_findings(const std::string& machine, discovery::Findings findings) {
  findings.report.milliseconds = 0;
  findings.report.library = std::filesystem::path(findings.report.library).filename().string();
  const auto found = nlohmann::ordered_json::parse(findings.to_json());
  const auto path = std::filesystem::path(BERTH_TEST_DATA_DIR) / "machines" / machine /
                    ("expected." + findings.report.probe + ".json");
  if (std::getenv("BERTH_REWRITE_GOLDEN") != nullptr) std::ofstream(path) << found.dump(1) << '\n';
  std::ifstream file(path);
  ASSERT_TRUE(file) << "There is no " << path;
  EXPECT_EQ(found.dump(1), nlohmann::ordered_json::parse(file).dump(1)) << path;
}

}  // namespace berth::test
