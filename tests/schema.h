/// The JSON schemas of docs/, against what is written and read.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "cli/process.h"
#include "json_file.h"
#include "value/structs.h"

namespace berth::test {

/// What another implementation of JSON Schema finds wrong with each document; "" for nothing.
inline std::vector<std::string> schema_problems(const Value& schema, const std::vector<Value>& documents) {
  const Value given = Value::Object{{"schema", schema}, {"documents", documents}};
  const auto outcome = berth_command({BERTH_TEST_DATA_DIR "/../inventory/validate.py"},
                                     {.input = given.to_json(), .program = "/usr/bin/python3"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<std::string> problems;
  const Value found = Value::from_json(outcome.out);
  for (const auto& each : found.as_array()) problems.push_back(each.is_null() ? "" : each.as_string());
  return problems;
}

/// Names of a document that its table of fields lacks, in the order of the document.
struct NamesBeside {
  std::vector<std::string> required = {};
  std::vector<std::string> before = {};
  std::vector<std::string> after = {};
};

/// The names of a table and of the schema are the same, and so are those that must be there.
template <class T>
void expect_described(const Value& described, NamesBeside beside = {}) {
  auto required = beside.required;
  auto names = std::move(beside.required);
  names.insert(names.end(), beside.before.begin(), beside.before.end());
  std::apply(
      [&](const auto&... each) {
        (names.emplace_back(each.name), ...);
        ((each.required ? required.emplace_back(each.name), 0 : 0), ...);
      },
      structs::FieldsOf<T>::all);
  names.insert(names.end(), beside.after.begin(), beside.after.end());
  std::vector<std::string> described_names;
  for (const auto& [name, value] : described.find("properties")->as_object()) described_names.push_back(name);
  EXPECT_EQ(described_names, names);
  std::vector<std::string> described_required;
  if (const auto* list = described.find("required"))
    for (const auto& name : list->as_array()) described_required.push_back(name.as_string());
  EXPECT_EQ(described_required, required);
}

}  // namespace berth::test
