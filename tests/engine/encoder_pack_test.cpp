#include "engine/encoder/pack.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>

namespace berth::encoder {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

EncodeRequest sequences(const std::vector<std::size_t>& lengths) {
  EncodeRequest request;
  for (const auto length : lengths)
    request.token_ids.emplace_back(length, static_cast<std::int32_t>(request.token_ids.size()));
  return request;
}

TEST(EncoderPack, ShortSequencesFillWhatLongerOnesLeave) {
  const auto packs = make_packs(sequences({20, 90, 60, 40, 75, 10}), 100, 1);
  ASSERT_THAT(packs, SizeIs(3));
  EXPECT_THAT(packs[0].sequences, ElementsAre(1, 5));
  EXPECT_THAT(packs[1].sequences, ElementsAre(4, 0));
  EXPECT_THAT(packs[2].sequences, ElementsAre(2, 3));
}

TEST(EncoderPack, HaveEverySequenceOnceAndAreFull) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::size_t> lengths(1 + random() % 60);
    for (auto& length : lengths) length = 1 + random() % 120;
    const std::size_t most = 50 + random() % 200;
    const auto packs = make_packs(sequences(lengths), most, 1);
    std::multiset<std::size_t> found;
    std::size_t half_empty = 0;
    for (const auto& pack : packs) {
      found.insert(pack.sequences.begin(), pack.sequences.end());
      ASSERT_TRUE(pack.ids.size() <= most || pack.sequences.size() == 1);
      half_empty += pack.ids.size() * 2 <= most;
      std::vector<std::int32_t> ids;
      for (const auto sequence : pack.sequences)
        ids.insert(ids.end(), lengths[sequence], static_cast<std::int32_t>(sequence));
      ASSERT_EQ(pack.ids, ids);
      std::int64_t start = 0;
      for (const auto& group : pack.groups) {
        ASSERT_EQ(group.start, start);
        start += group.length * group.count;
      }
      ASSERT_EQ(start, pack.tokens());
    }
    ASSERT_EQ(found.size(), lengths.size());
    ASSERT_EQ(std::set(found.begin(), found.end()).size(), lengths.size());
    ASSERT_LE(half_empty, 1U);
  }
}

TEST(EncoderPack, AreAsManyAsWereAskedForWhereThereAreSoManySequences) {
  EXPECT_THAT(make_packs(sequences({10, 10, 10, 10}), 256, 2), SizeIs(2));
  EXPECT_THAT(make_packs(sequences({10}), 256, 2), SizeIs(1));
}

}  // namespace
}  // namespace berth::encoder
