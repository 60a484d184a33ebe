#include "berth/ordered_map.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "random_values.h"

namespace berth {
namespace {

std::vector<std::string> names_of(const OrderedMap<int>& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

TEST(OrderedMap, KeepsTheOrderOfInsertion) {
  OrderedMap<int> map{{"b", 1}, {"a", 2}};
  map.set("c", 3);
  map.set("b", 4);
  EXPECT_EQ(names_of(map), (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(map.at("b"), 4);
  EXPECT_EQ(map.front().first, "b");
}

TEST(OrderedMap, NamesWhatIsMissing) {
  const OrderedMap<int> map{{"a", 1}};
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_FALSE(map.contains("b"));
  try {
    map.at("b");
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "No entry is named 'b'");
  }
}

TEST(OrderedMap, ChangesAValueInPlace) {
  OrderedMap<int> map{{"a", 1}};
  *map.find("a") = 7;
  EXPECT_EQ(map.at("a"), 7);
}

TEST(OrderedMap, IsEqualWhateverTheOrder) {
  const OrderedMap<int> map{{"a", 1}, {"b", 2}};
  EXPECT_EQ(map, (OrderedMap<int>{{"b", 2}, {"a", 1}}));
  EXPECT_NE(map, (OrderedMap<int>{{"a", 1}, {"b", 3}}));
  EXPECT_NE(map, (OrderedMap<int>{{"a", 1}, {"c", 2}}));
  EXPECT_NE(map, (OrderedMap<int>{{"a", 1}}));
}

TEST(OrderedMap, ConvertsValuesAndKeepsNames) {
  OrderedMap<int> map;
  for (int i = 0; i < 200; ++i) map.set("n" + std::to_string(i), i);
  auto texts = map.map_values([](const std::string& name, int value) { return name + "=" + std::to_string(value); });
  ASSERT_EQ(texts.size(), 200u);
  EXPECT_EQ(texts.at("n150"), "n150=150");
  EXPECT_EQ(texts.front().first, "n0");
  texts.set("n0", "changed");  // found, not added: the index came along
  EXPECT_EQ(texts.size(), 200u);
}

// Against a plain list, small and large, with names that come and go.
TEST(OrderedMap, DoesWhatAPlainListDoes) {
  test::Random random;
  for (const int names : {5, 60, 70, 300}) {
    OrderedMap<int> map;
    std::vector<std::pair<std::string, int>> list;
    for (int step = 0; step < 2000; ++step) {
      const std::string name = "n" + std::to_string(random.below(names));
      const auto there = std::ranges::find(list, name, &std::pair<std::string, int>::first);
      if (random.below(3) == 0) {
        EXPECT_EQ(map.erase(name), there != list.end());
        if (there != list.end()) list.erase(there);
      } else {
        map.set(name, step);
        if (there != list.end())
          there->second = step;
        else
          list.emplace_back(name, step);
      }
      ASSERT_EQ(map.size(), list.size());
      if (step % 50 == 0) {
        const OrderedMap<int> copy = map;
        ASSERT_TRUE(std::ranges::equal(copy, list));
        for (const auto& [key, value] : list) ASSERT_EQ(copy.at(key), value);
      }
    }
  }
}

TEST(OrderedMap, ANameMayBePartOfTheEntryThatIsErased) {
  OrderedMap<int> map;
  for (int i = 0; i < 100; ++i) map.set("a name too long to be held in place " + std::to_string(i), i);
  while (!map.empty()) EXPECT_TRUE(map.erase(map.front().first));
}

// Names that differ little, as those of layers, must not fall into few places of a table.
TEST(HashName, SpreadsNamesThatDifferLittle) {
  constexpr std::size_t places = std::size_t{1} << 16;
  std::vector<bool> taken(places);
  for (std::size_t i = 0; i < places; ++i) taken[hash_name("model.layers." + std::to_string(i)) % places] = true;
  // 1 - 1/e of them for numbers drawn at random.
  EXPECT_NEAR(static_cast<double>(std::ranges::count(taken, true)) / places, 0.632, 0.02);
}

TEST(HashName, LooksAtEveryByte) {
  std::set<std::size_t> hashes;
  for (const std::size_t size : {0u, 1u, 6u, 7u, 8u, 14u, 100u}) {
    hashes.insert(hash_name(std::string(size, '\0')));
    for (std::size_t i = 0; i < size; ++i) {
      std::string name(size, '\0');
      name[i] = 1;
      hashes.insert(hash_name(name));
    }
  }
  EXPECT_EQ(hashes.size(), 7u + 136);
}

// A scan would take minutes here.
TEST(OrderedMap, StaysQuickWithManyNames) {
  const auto start = std::chrono::steady_clock::now();
  OrderedMap<int> map;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 100000; ++i) map.set("model.layers." + std::to_string(i), i + round);
  EXPECT_EQ(map.size(), 100000u);
  EXPECT_EQ(map.at("model.layers.99999"), 100000);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace berth
