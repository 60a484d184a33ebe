/// Which parts of documents answer a query: what an extractive reader makes of start and end logits.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "berth/document.h"
#include "berth/tokenizer.h"

namespace berth {

/// Characters [begin, end) of a passage, and how likely they are the answer.
struct AnswerSpan {
  std::size_t begin;
  std::size_t end;
  float score;
};

/// The `count` best spans of the passage's tokens whose score is above 0, the best first; of equal ones the one that starts
/// first. `logits` holds a start and an end for each token of `piece`, whose second text is the passage; the score is the
/// sigmoid of their sum times `calibration`.
std::vector<AnswerSpan> best_answer_spans(const Encoding& piece, std::span<const float> logits, float calibration,
                                          std::size_t count);

/// An answer on its way: which document, where in it, and how good.
struct FoundAnswer {
  std::size_t document;
  std::size_t begin;  ///< in characters
  std::size_t end;
  float score;
};

/// The `count` best of `answers`, the best first, those of equal score as they stand; with a `threshold` none that shares more
/// than that part of one of the two with a better one in a document of the same id.
std::vector<FoundAnswer> best_answers(std::vector<FoundAnswer> answers, std::span<const Document> documents,
                                      std::optional<double> threshold, std::size_t count);

}  // namespace berth
