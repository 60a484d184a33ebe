/// AnswerBuilder: answers from what a generator replied, as Haystack's component of that name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "berth/answer.h"
#include "berth/chat_message.h"
#include "berth/component.h"
#include "berth/document.h"
#include "berth/value.h"

namespace berth {

struct AnswerBuilderParameters {
  std::optional<std::string> pattern = {};            ///< of the answer in a reply: its one group, else the whole match
  std::optional<std::string> reference_pattern = {};  ///< of a document's number, from 1: R"(\[(\d+)\])"
  bool last_message_only = false;
  bool return_only_referenced_documents = true;
  bool expand_reference_ranges = false;  ///< [6-10] and [1,3] name several documents

  static auto fields() {
    using P = AnswerBuilderParameters;
    return std::tuple(field("pattern", &P::pattern), field("reference_pattern", &P::reference_pattern),
                      field("last_message_only", &P::last_message_only),
                      field("return_only_referenced_documents", &P::return_only_referenced_documents),
                      field("expand_reference_ranges", &P::expand_reference_ranges));
  }
};

/// Patterns are regular expressions of Python's. The documents of an answer have `source_index` in their meta, from 1, and
/// with a reference_pattern `referenced`; they stand in the order of the input.
/// Safe to use from several threads.
class AnswerBuilder final : public ComponentWith<AnswerBuilderParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.builders.answer_builder.AnswerBuilder";
  using Replies = std::variant<std::vector<std::string>, std::vector<ChatMessage>>;

  /// Throws std::invalid_argument for a pattern that is none or has several groups.
  explicit AnswerBuilder(AnswerBuilderParameters parameters = {});

  /// Throws std::invalid_argument where `meta` is not as long as `replies`, a pattern is none, or a reference no number.
  void run(Run& run) override;
  bool concurrent() const override { return true; }

 private:
  Input<std::string> query_ = input<std::string>("query");
  Input<Replies> replies_ = input<Replies>("replies");
  Input<std::optional<std::vector<Value::Object>>> meta_ =
      input<std::optional<std::vector<Value::Object>>>("meta", std::nullopt);
  Input<std::optional<std::vector<Document>>> documents_ =
      input<std::optional<std::vector<Document>>>("documents", std::nullopt);
  Input<std::optional<std::string>> pattern_ = input<std::optional<std::string>>("pattern", std::nullopt);
  Input<std::optional<std::string>> reference_pattern_ =
      input<std::optional<std::string>>("reference_pattern", std::nullopt);
  Input<std::optional<bool>> expand_reference_ranges_ =
      input<std::optional<bool>>("expand_reference_ranges", std::nullopt);
  Output<std::vector<GeneratedAnswer>> answers_ = output<std::vector<GeneratedAnswer>>("answers");
};

}  // namespace berth
