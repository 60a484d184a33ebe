#include "engine/encoder/pack.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace berth::encoder {
namespace {

void add(Pack& pack, const EncodeRequest& request, std::size_t sequence) {
  const auto& ids = request.token_ids[sequence];
  const auto length = static_cast<std::int64_t>(ids.size());
  if (pack.groups.empty() || pack.groups.back().length != length) pack.groups.push_back({pack.tokens(), length, 0});
  ++pack.groups.back().count;
  pack.sequences.push_back(sequence);
  pack.ids.insert(pack.ids.end(), ids.begin(), ids.end());
  if (request.token_type_ids.empty()) {
    pack.types.resize(pack.ids.size());
  } else {
    const auto& types = request.token_type_ids[sequence];
    pack.types.insert(pack.types.end(), types.begin(), types.end());
  }
}

}  // namespace

std::vector<std::int32_t> Pack::firsts() const {
  std::vector<std::int32_t> all;
  for (const auto& group : groups)
    for (std::int64_t i = 0; i < group.count; ++i)
      all.push_back(static_cast<std::int32_t>(group.start + i * group.length));
  return all;
}

std::vector<std::int32_t> Pack::positions() const {
  std::vector<std::int32_t> all;
  all.reserve(ids.size());
  for (const auto& group : groups)
    for (std::int64_t i = 0; i < group.count * group.length; ++i)
      all.push_back(static_cast<std::int32_t>(i % group.length));
  return all;
}

std::vector<Pack> make_packs(const EncodeRequest& request, std::size_t most_tokens, std::size_t least_packs) {
  std::vector<std::size_t> order(request.token_ids.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return request.token_ids[i].size(); });
  std::size_t total = 0;
  for (const auto& ids : request.token_ids) total += ids.size();
  const auto limit = std::min(most_tokens, (total + least_packs - 1) / least_packs);
  std::vector<Pack> packs;
  std::multimap<std::size_t, std::size_t> by_room;  // the packs with room for so many tokens more
  for (const auto sequence : order) {
    const auto length = request.token_ids[sequence].size();
    const auto fullest = by_room.lower_bound(length);
    std::size_t pack = packs.size();
    std::size_t room = limit;
    if (fullest == by_room.end()) {
      packs.emplace_back();
    } else {
      std::tie(room, pack) = *fullest;
      by_room.erase(fullest);
    }
    add(packs[pack], request, sequence);
    if (room > length) by_room.emplace(room - length, pack);
  }
  return packs;
}

}  // namespace berth::encoder
