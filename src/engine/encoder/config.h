/// The values of one JSON file that configures a model, checked as they are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "berth/value.h"

namespace berth::encoder {

/// All functions throw FormatError, which names the file and the entry. An entry that is null counts as absent.
class Config {
 public:
  /// `values` is an object.
  Config(std::filesystem::path file, Value values);
  /// With `entries` in place of those of the file.
  Config(std::filesystem::path file, Value values, const Value::Object& entries);

  const std::filesystem::path& file() const { return file_; }
  /// The entry, or nullptr.
  const Value* find(std::string_view name) const;
  bool has(std::string_view name) const { return values_.find(name) != nullptr; }  ///< be it null

  std::int64_t count(std::string_view name, std::int64_t most = 1 << 24) const;  ///< at least 1, and there
  std::int64_t integer(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const;
  float number(std::string_view name, float otherwise) const;  ///< above 0
  bool flag(std::string_view name, bool otherwise) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  /// A list of strings, or a string with parts between bars: "c2p|p2c".
  std::vector<std::string> texts(std::string_view name) const;

  /// Those of `entries` that no function was asked for, in their order.
  std::vector<std::string> unread() const;

  [[noreturn]] void fail(std::string_view name, std::string_view found, std::string_view expected) const;

 private:
  std::filesystem::path file_;
  Value values_;
  std::vector<std::string> given_;  // the names of `entries`
  mutable std::set<std::string, std::less<>> asked_;
};

/// The labels of a classifier in the order of their numbers, from "id2label"; empty where that is not there.
std::vector<std::string> labels_of(const Config& config);

}  // namespace berth::encoder
