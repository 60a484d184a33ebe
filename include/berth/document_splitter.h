/// DocumentSplitter: documents in parts, as Haystack's component of that name.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/document.h"

namespace berth {

class SentenceSplitter;

struct DocumentSplitterParameters {
  /// The unit: "word", "period", "line", "passage" (two ends of lines), "page" (form feed) or "sentence"; "function" and
  /// "token" are held and written, but cannot run.
  std::string split_by = "word";
  std::int64_t split_length = 200;         ///< units in a part
  std::int64_t split_overlap = 0;          ///< units that a part shares with the one before it
  std::int64_t split_threshold = 0;        ///< a part of fewer units is added to the one before it
  bool respect_sentence_boundary = false;  ///< with "word": the parts are whole sentences
  std::string language = "en";             ///< of sentences, by ISO 639
  bool use_split_rules = true;             ///< sentences stay whole at quotes, brackets and numbers of lists
  bool extend_abbreviations = true;        ///< more abbreviations for "en" and "de"
  bool skip_empty_documents = true;
  std::optional<std::string> splitting_function = {};  ///< the name of a function of Python's
  std::string tokenizer_encoding = "o200k_base";       ///< of tiktoken, for "token"; written down. Of Haystack 3

  static auto fields() {
    using P = DocumentSplitterParameters;
    return std::tuple(
        field("split_by", &P::split_by), field("split_length", &P::split_length),
        field("split_overlap", &P::split_overlap), field("split_threshold", &P::split_threshold),
        field("respect_sentence_boundary", &P::respect_sentence_boundary), field("language", &P::language),
        field("use_split_rules", &P::use_split_rules), field("extend_abbreviations", &P::extend_abbreviations),
        field("skip_empty_documents", &P::skip_empty_documents), field("splitting_function", &P::splitting_function),
        field("tokenizer_encoding", &P::tokenizer_encoding));
  }
};

/// The meta of a part is that of its document, and `source_id` (the document's id), `page_number` (from 1), `split_id` (from
/// 0), `split_idx_start` (the character at which it starts), and with an overlap `_split_overlap`: the neighbours by
/// `doc_id`, and the `range` of this part's characters that they share.
/// Sentences are those of NLTK's Punkt, whose models (punkt_tab) must be installed where NLTK looks for them.
/// Safe to use from several threads.
class DocumentSplitter final : public ComponentWith<DocumentSplitterParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.preprocessors.document_splitter.DocumentSplitter";

  /// Throws std::invalid_argument with Haystack's texts.
  explicit DocumentSplitter(Parameters parameters = {});

  ~DocumentSplitter() override;

  /// Reads what sentences need. Throws ModelNotFound where it is not installed, FormatError where it is broken, and
  /// std::invalid_argument for "function" and "token".
  void warm_up(const CallContext& context = {}) override;
  /// Throws std::invalid_argument for a document without text, and where the parts overlap so much that they would take
  /// more than 1 GiB; and as warm_up().
  void run(Run& run) override;
  bool concurrent() const override { return true; }
  std::optional<std::string> known_problem() const override;
  Value::Object init_parameters() const override;

 private:
  bool needs_sentences() const;
  std::shared_ptr<const SentenceSplitter> loaded_sentences() const;

  mutable std::mutex mutex_;
  std::shared_ptr<const SentenceSplitter> sentences_;  // once it is warm
  Input<std::vector<Document>> documents_ = input<std::vector<Document>>("documents");
  Output<std::vector<Document>> parts_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
