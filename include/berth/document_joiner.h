/// DocumentJoiner: one list of documents from several, as Haystack's component of that name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "berth/component.h"
#include "berth/document.h"

namespace berth {

enum class JoinMode {
  concatenate,                    ///< each document once, with the best of its scores
  merge,                          ///< the weighted sum of its scores
  reciprocal_rank_fusion,         ///< by its places in the lists: Cormack, Clarke and Büttcher 2009, k = 61
  distribution_based_rank_fusion  ///< scores of each list scaled to mean and three standard deviations; the best one
};

/// By its name, "concatenate".
template <>
struct ValueTraits<JoinMode> {
  static Type type() { return "JoinMode"; }
  static Value to_value(JoinMode mode);
  static JoinMode from_value(const Value& value);
};

struct DocumentJoinerParameters {
  JoinMode join_mode = JoinMode::concatenate;
  std::optional<std::vector<double>> weights = {};  ///< of each list; brought to the sum 1
  std::optional<std::int64_t> top_k = {};
  bool sort_by_score = true;  ///< documents without a score come last

  static auto fields() {
    using P = DocumentJoinerParameters;
    return std::tuple(field("join_mode", &P::join_mode), field("weights", &P::weights), field("top_k", &P::top_k),
                      field("sort_by_score", &P::sort_by_score));
  }
};

/// Documents with one id are one document. `weights` count in `merge` and `reciprocal_rank_fusion`; absent, all lists
/// count the same. A run's top_k takes the place of its own.
/// Safe to use from several threads.
class DocumentJoiner final : public ComponentWith<DocumentJoinerParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.joiners.document_joiner.DocumentJoiner";

  /// Throws std::invalid_argument for weights whose sum is zero.
  explicit DocumentJoiner(Parameters parameters = {});

  /// Throws std::invalid_argument where there are not as many weights as lists.
  void run(Run& run) override;
  bool concurrent() const override { return true; }

 private:
  Input<std::vector<std::vector<Document>>> documents_ = variadic_input<std::vector<Document>>("documents");
  Input<std::optional<std::int64_t>> top_k_ = input<std::optional<std::int64_t>>("top_k", std::nullopt);
  Output<std::vector<Document>> joined_ = output<std::vector<Document>>("documents");
};

}  // namespace berth
