#include "berth/document_writer.h"

#include <stdexcept>

namespace berth {

DocumentWriter::DocumentWriter(Parameters given) : ComponentWith(type_name, std::move(given)) {
  if (parameters().document_store == nullptr)
    throw std::invalid_argument("document_store must be an instance of InMemoryDocumentStore");
}

void DocumentWriter::run(Run& run) {
  const auto& own = parameters();
  const auto written =
      own.document_store->write_documents(run.get(documents_), run.get(policy_).value_or(own.policy), run.context());
  run.set(documents_written_, static_cast<std::int64_t>(written));
}

}  // namespace berth
