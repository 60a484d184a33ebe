// The cases that Haystack's device vocabulary answered, read from BERTH_CORPUS_DIR or the copies in tests/data/corpus.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "berth/value.h"

namespace berth::corpus {

inline std::filesystem::path corpus_folder() {
  const char* folder = std::getenv("BERTH_CORPUS_DIR");
  return folder != nullptr && *folder != '\0' ? folder : BERTH_TEST_DATA_DIR "/corpus";
}

inline std::filesystem::path folder() { return corpus_folder() / "haystack"; }

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Case {
  std::string file;
  std::string id;
  std::string op;
  Value all;  // the whole case: "input", "result" or "error", and further parts

  const Value& at(std::string_view name) const {
    const Value* value = all.find(name);
    if (value == nullptr) throw std::runtime_error(id + " has no " + std::string(name));
    return *value;
  }
  const Value& input() const { return at("input"); }
};

/// The cases of devices, of all files; those of components ("component" instead of "op") have tests of their own.
inline std::vector<Case> device_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<Case> cases;
  for (const auto& file : files) {
    const auto document = Value::from_json(read_text(file));
    const Value* list = document.find("cases");
    if (list == nullptr) throw std::runtime_error(file.string() + " has no cases");
    for (const auto& each : list->as_array()) {
      if (each.find("component") != nullptr) continue;
      cases.push_back({file.filename().string(), each.as_object().at("id").as_string(),
                       each.as_object().at("op").as_string(), each});
    }
  }
  return cases;
}

/// Torch's objects as Berth has them: as their text.
inline Value without_torch_object(const std::string&, const Value& value) {
  if (const Value* dtype = value.find("$torch_dtype")) return *dtype;
  if (const Value* device = value.find("$torch_device")) return *device;
  return value.is_object() ? Value(value.as_object().map_values(without_torch_object)) : value;
}
inline Value without_torch_objects(const Value& value) { return without_torch_object("", value); }

/// What came of a call: a value, or the text of an error.
struct Outcome {
  std::optional<Value> result;
  std::string error;

  std::string str() const { return result ? result->to_json() : "error: " + error; }
};

/// The outcome of `call` where it fails as a caller's mistake does; other exceptions fail the test, which goes on.
inline Outcome outcome_of(const std::function<Value()>& call) {
  try {
    return {call(), ""};
  } catch (const std::invalid_argument& error) {
    return {std::nullopt, error.what()};
  } catch (const std::exception& error) {
    ADD_FAILURE() << "an exception of the wrong kind: " << error.what();
    return {std::nullopt, error.what()};
  }
}

/// Checks one case after the other, whatever becomes of those before it. What fails is told with the name of its case.
template <class Cases, class Name, class Check>
void check_each(const Cases& cases, Name name, Check check) {
  for (const auto& each : cases) {
    SCOPED_TRACE(name(each));
    try {
      check(each);
    } catch (const std::exception& error) {
      ADD_FAILURE() << "an exception: " << error.what();
    }
  }
}

}  // namespace berth::corpus

/// Skips a test where another corpus (BERTH_CORPUS_DIR) does not have its file; the one of Berth has to.
#define BERTH_NEEDS_CORPUS(file)                                                    \
  if (std::getenv("BERTH_CORPUS_DIR") != nullptr && !std::filesystem::exists(file)) \
  GTEST_SKIP() << "the corpus in BERTH_CORPUS_DIR has no " << (file)
