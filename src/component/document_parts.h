/// The parts into which a DocumentSplitter divides a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "berth/document_splitter.h"

namespace berth {

/// One unit of a text, with what ends it.
struct TextUnit {
  std::string_view text;
  std::int64_t characters;
  std::int64_t page_breaks;
};

struct TextPart {
  std::string text;
  std::int64_t page;
  std::int64_t start;  ///< in characters, counted over the units
  std::int64_t characters;
};

/// The pieces of a text that end with `end`, and the rest.
std::vector<TextUnit> units_ending_with(std::string_view text, std::string_view end);

std::vector<TextUnit> units_of(const std::vector<std::string_view>& texts);

/// Windows of split_length units, split_length - split_overlap units apart.
/// Throws std::invalid_argument where they take more than 1 GiB, as parts_by_words() does.
std::vector<TextPart> parts_by_units(const std::vector<TextUnit>& units, const DocumentSplitterParameters& rules);

/// Whole sentences, as many as have split_length words. A part starts with those sentences of the one before it that have
/// split_overlap words.
std::vector<TextPart> parts_by_words(const std::vector<TextUnit>& sentences, const DocumentSplitterParameters& rules);

}  // namespace berth
