/// What document stores and those who use them have in common.
#pragma once

#include <filesystem>
#include <vector>

#include "berth/document.h"
#include "berth/value_traits.h"

namespace berth {

/// What to do with a document whose id is in the store already.
enum class DuplicatePolicy {
  none,  ///< what the store takes for best: fail
  skip,
  overwrite,
  fail
};

/// How a retriever combines its own filters with those that a run gives.
enum class FilterPolicy {
  replace,  ///< those of the run take the place of its own
  merge     ///< those of the run take the place of its own entries of the same name
};

/// Documents from a file of JSON: a list of their dictionaries, as Document::from_dict() takes them, or what
/// InMemoryDocumentStore::save_to_disk() writes, Haystack's too. Throws FormatError.
std::vector<Document> read_documents(const std::filesystem::path& path);

/// By name, "SKIP".
template <>
struct ValueTraits<DuplicatePolicy> {
  static Type type() { return "DuplicatePolicy"; }
  static Value to_value(DuplicatePolicy policy);
  static DuplicatePolicy from_value(const Value& value);
};

/// "replace" or "merge".
template <>
struct ValueTraits<FilterPolicy> {
  static Type type() { return "FilterPolicy"; }
  static Value to_value(FilterPolicy policy);
  static FilterPolicy from_value(const Value& value);
};

}  // namespace berth
