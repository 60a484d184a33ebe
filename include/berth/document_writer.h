/// DocumentWriter: writes documents to a document store.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/in_memory_document_store.h"

namespace berth {

struct DocumentWriterParameters {
  std::shared_ptr<InMemoryDocumentStore> document_store = {};  ///< must be given
  DuplicatePolicy policy = DuplicatePolicy::none;

  static auto fields() {
    using P = DocumentWriterParameters;
    return std::tuple(field("document_store", &P::document_store), field("policy", &P::policy));
  }
};

/// Haystack's component of that name. A run's policy takes the place of its own.
class DocumentWriter final : public ComponentWith<DocumentWriterParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.writers.document_writer.DocumentWriter";

  /// Throws std::invalid_argument without a document store.
  explicit DocumentWriter(Parameters parameters);

  void run(Run& run) override;
  bool concurrent() const override { return true; }

 private:
  Input<std::vector<Document>> documents_ = input<std::vector<Document>>("documents");
  Input<std::optional<DuplicatePolicy>> policy_ = input<std::optional<DuplicatePolicy>>("policy", std::nullopt);
  Output<std::int64_t> documents_written_ = output<std::int64_t>("documents_written");
};

}  // namespace berth
