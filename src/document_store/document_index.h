/// The documents of one index name, which all stores of that name share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "berth/document.h"
#include "document_store/bm25_index.h"

namespace berth {

/// Documents in the order in which they were added. Hold `mutex` for each call.
class DocumentIndex {
 public:
  using Slot = Bm25Index::Slot;

  mutable std::shared_mutex mutex;

  std::size_t count() const { return slots_.size(); }
  bool contains(const std::string& id) const { return slots_.contains(id); }
  void add(Document document, const TokenCounts& tokens);
  void remove(const std::string& id);
  void clear();

  std::size_t slot_count() const { return documents_.size(); }
  /// The document of a slot from which none was removed.
  const Document& at(Slot slot) const { return documents_[slot].value(); }
  Document& at(Slot slot) { return documents_[slot].value(); }
  const Bm25Index& bm25() const { return bm25_; }

  /// Calls `visit(slot, document)` for each document.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Slot slot = 0; slot < documents_.size(); ++slot)
      if (documents_[slot]) visit(slot, *documents_[slot]);
  }

 private:
  struct NameHash {
    std::size_t operator()(const std::string& name) const { return hash_name(name); }
  };

  void compact();

  std::vector<std::optional<Document>> documents_;  // by slot
  std::unordered_map<std::string, Slot, NameHash> slots_;
  Bm25Index bm25_;
};

/// The index of that name, which is made where there is none. `kept`: it lives as long as the process, as in Haystack;
/// else as long as somebody has it. Safe to use from several threads.
std::shared_ptr<DocumentIndex> shared_document_index(const std::string& name, bool kept);

}  // namespace berth
