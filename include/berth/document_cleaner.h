/// DocumentCleaner: documents without what disturbs their text, as Haystack's component of that name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/document.h"

namespace berth {

/// What is done, in this order; regular expressions are Python's, and work on one page at a time.
struct DocumentCleanerParameters {
  bool remove_empty_lines = true;
  bool remove_extra_whitespaces = true;
  bool remove_repeated_substrings = false;  ///< headers and footers that all pages between the first and the last share
  bool keep_id = false;                     ///< else a cleaned document has the id of its new content
  std::optional<std::vector<std::string>> remove_substrings = {};
  std::optional<std::string> remove_regex = {};
  std::optional<std::string> unicode_normalization = {};  ///< "NFC", "NFKC", "NFD" or "NFKD"
  bool ascii_only = false;                                ///< accents go from their letters, the rest goes altogether
  bool strip_whitespaces = false;                         ///< at both ends of the content
  std::optional<OrderedMap<std::string>> replace_regexes = {};  ///< a pattern and what takes its place, as in re.sub
  /// Documents of fewer characters, blanks at both ends not counted, are left out. Of Haystack 3.
  std::int64_t min_content_length = 0;

  static auto fields() {
    using P = DocumentCleanerParameters;
    return std::tuple(field("remove_empty_lines", &P::remove_empty_lines),
                      field("remove_extra_whitespaces", &P::remove_extra_whitespaces),
                      field("remove_repeated_substrings", &P::remove_repeated_substrings),
                      field("keep_id", &P::keep_id), field("remove_substrings", &P::remove_substrings),
                      field("remove_regex", &P::remove_regex),
                      field("unicode_normalization", &P::unicode_normalization), field("ascii_only", &P::ascii_only),
                      field("strip_whitespaces", &P::strip_whitespaces), field("replace_regexes", &P::replace_regexes),
                      field("min_content_length", &P::min_content_length));
  }
};

/// The order of the steps: normalization, ASCII, white space, empty lines, substrings, remove_regex, replace_regexes,
/// repeated substrings, the ends. Pages are parted by form feeds. A document without content stays as it is, with a warning.
/// Safe to use from several threads.
class DocumentCleaner final : public ComponentWith<DocumentCleanerParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.preprocessors.document_cleaner.DocumentCleaner";

  /// Throws std::invalid_argument for a normal form, a pattern, a replacement or a length that is none.
  explicit DocumentCleaner(Parameters parameters = {});

  void run(Run& run) override;
  bool concurrent() const override { return true; }
  Value::Object init_parameters() const override;

 private:
  struct Steps;

  std::string cleaned(const std::string& text) const;

  std::shared_ptr<const Steps> steps_;
  Input<std::vector<Document>> documents_ = input<std::vector<Document>>("documents");
  Output<std::vector<Document>> cleaned_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
