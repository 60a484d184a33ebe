/// Names in a text, from what a token classifier says of its tokens.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "berth/named_entity_extractor.h"
#include "berth/tokenizer.h"

namespace berth {

/// The names in one piece of a text, as the pipeline token-classification of transformers has them with its simple strategy:
/// each token has its best label; neighbours whose labels are equal but for B- and I- are one name, unless the second
/// starts with B-; its score is the mean. `logits` holds a row of the size of `labels` for each token of `piece`. Names whose
/// label is among `ignored` are left out.
std::vector<NamedEntityAnnotation> entities_of(const Encoding& piece, std::span<const float> logits,
                                               const std::vector<std::string>& labels,
                                               const std::vector<std::string>& ignored);

/// Of names that overlap, from pieces of a text that do, the longest, else the one with the better score.
std::vector<NamedEntityAnnotation> without_shorter_ones(std::vector<NamedEntityAnnotation> entities);

}  // namespace berth
