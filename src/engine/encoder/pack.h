/// Sequences that are computed together: one after the other in one row, without padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "berth/encoder.h"

namespace berth::encoder {

/// Sequences of one length that follow each other.
struct Group {
  std::int64_t start = 0;  ///< the first token in the pack
  std::int64_t length = 0;
  std::int64_t count = 0;
};

struct Pack {
  std::vector<std::size_t> sequences = {};  ///< their places in the request, longest first
  std::vector<std::int32_t> ids = {};
  std::vector<std::int32_t> types = {};
  std::vector<Group> groups = {};

  std::int64_t tokens() const { return static_cast<std::int64_t>(ids.size()); }
  /// The first token of each sequence.
  std::vector<std::int32_t> firsts() const;
  /// The place of each token in its sequence.
  std::vector<std::int32_t> positions() const;
};

/// Divides the sequences of a request into packs of about `most_tokens` each, but at least `least_packs` where there are
/// that many sequences. A longer sequence is a pack of its own. Shorter ones fill what longer ones leave.
std::vector<Pack> make_packs(const EncodeRequest& request, std::size_t most_tokens, std::size_t least_packs);

}  // namespace berth::encoder
