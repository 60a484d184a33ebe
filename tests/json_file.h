// Answers of others, which stand in tests/data as JSON.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "berth/value.h"

namespace berth::test {

/// The JSON of a file in tests/data.
inline Value json_file(const std::string& name) {
  std::ifstream file(BERTH_TEST_DATA_DIR "/" + name);
  if (!file) throw std::runtime_error("There is no tests/data/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return Value::from_json(text.str());
}

}  // namespace berth::test
