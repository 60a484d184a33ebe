#include "document_store/document_index.h"

#include <map>

namespace berth {

void DocumentIndex::add(Document document, const TokenCounts& tokens) {
  const auto slot = bm25_.add(tokens);
  slots_[document.id] = slot;
  documents_.emplace_back(std::move(document));
}

void DocumentIndex::remove(const std::string& id) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return;
  bm25_.remove(found->second);
  documents_[found->second].reset();
  slots_.erase(found);
  constexpr std::size_t worth_it = 64;
  if (documents_.size() > 2 * slots_.size() + worth_it) compact();
}

void DocumentIndex::clear() {
  documents_.clear();
  slots_.clear();
  bm25_ = {};
}

void DocumentIndex::compact() {
  bm25_.compact();
  std::erase_if(documents_, [](const auto& document) { return !document; });
  for (Slot slot = 0; slot < documents_.size(); ++slot) slots_[documents_[slot]->id] = slot;
}

std::shared_ptr<DocumentIndex> shared_document_index(const std::string& name, bool kept) {
  struct Known {
    std::weak_ptr<DocumentIndex> index;
    std::shared_ptr<DocumentIndex> kept;
  };
  static std::mutex mutex;
  static std::map<std::string, Known> all;
  const std::lock_guard lock(mutex);
  std::erase_if(all, [](const auto& entry) { return entry.second.index.expired(); });
  auto& known = all[name];
  auto index = known.index.lock();
  if (index == nullptr) known.index = index = std::make_shared<DocumentIndex>();
  if (kept) known.kept = index;
  return index;
}

}  // namespace berth
