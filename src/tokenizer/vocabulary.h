/// Tokens and their ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "berth/value.h"
#include "value/place.h"

namespace berth::tokenizing {

/// A table from tokens to ids and back. Ids need not be dense; where two tokens share one, the last one is its text.
class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;

  void reserve(std::size_t count, std::size_t bytes);
  /// A token that is there already keeps its place and gets the new id.
  void add(std::string_view token, std::uint32_t id);
  /// Must be called after the last add(), before token().
  void finish();

  std::size_t size() const { return entries_.size(); }
  std::optional<std::uint32_t> id(std::string_view token) const;
  std::optional<std::string_view> token(std::uint32_t id) const;

  std::string_view text(std::size_t index) const { return view(entries_[index]); }  ///< by the order of adding
  std::uint32_t id_at(std::size_t index) const { return entries_[index].id; }

 private:
  struct Entry {
    std::size_t start;
    std::uint32_t length;
    std::uint32_t id;
  };

  std::string_view view(const Entry& entry) const { return std::string_view(texts_).substr(entry.start, entry.length); }
  std::size_t slot_of(std::string_view token) const;
  void grow();

  std::string texts_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;                             // index of the entry + 1; 0: free
  std::vector<std::uint32_t> dense_;                             // by id: index + 1
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sparse_;  // id and index, in order, where ids are far apart
};

/// {"token": id, ...} under "vocab". Throws std::invalid_argument naming the place.
Vocabulary read_vocabulary(const Value& model, const structs::Place& place);

}  // namespace berth::tokenizing
