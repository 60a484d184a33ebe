/// TextFileToDocument: documents from files of text, as Haystack's component of that name.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/document.h"

namespace berth {

struct TextFileToDocumentParameters {
  std::string encoding = "utf-8";  ///< a ByteStream's own `encoding` in its meta wins
  bool store_full_path = false;    ///< else `file_path` of the meta is the file's name alone

  static auto fields() {
    using P = TextFileToDocumentParameters;
    return std::tuple(field("encoding", &P::encoding), field("store_full_path", &P::store_full_path));
  }
};

/// Sources are paths and ByteStreams. One that cannot be read or decoded is left out, with a warning. `meta` is added to
/// that of each source: one object, or one for each.
/// Safe to use from several threads.
class TextFileToDocument final : public ComponentWith<TextFileToDocumentParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.converters.txt.TextFileToDocument";

  explicit TextFileToDocument(Parameters parameters = {});

  /// Throws std::invalid_argument where there are not as many entries in `meta` as sources.
  void run(Run& run) override;
  bool concurrent() const override { return true; }

 private:
  Input<Value> sources_;
  Input<Value> meta_;
  Output<std::vector<Document>> documents_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
