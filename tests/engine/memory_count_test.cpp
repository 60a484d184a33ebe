/// Processes that share a memory never hold more than there is, and what one holds goes with it.
#include "engine/memory_count.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <stdexcept>

namespace berth {
namespace {

constexpr std::uint64_t limit_in_test = 1000;

TEST(MemoryCount, NeverGivesOutMoreThanTheLimit) {
  MemoryCount count(2);
  const auto first = count.enter();
  const auto second = count.enter();
  EXPECT_NE(first, second);
  EXPECT_TRUE(count.take(first, 0, 600, limit_in_test));
  EXPECT_FALSE(count.take(second, 0, 401, limit_in_test));
  EXPECT_TRUE(count.take(second, 0, 400, limit_in_test));
  EXPECT_EQ(count.taken(0), 1000U);
  EXPECT_EQ(count.taken(1), 0U) << "each memory has its own";
  EXPECT_TRUE(count.take(second, 1, 1000, limit_in_test));
  EXPECT_FALSE(count.take(second, 1, UINT64_MAX, limit_in_test));
  count.give_back(second, 0, 300);
  EXPECT_EQ(count.taken(0), 700U);
}

TEST(MemoryCount, TakesBackWhatAProcessHeldThatIsGone) {
  MemoryCount count(1);
  const auto number = count.enter();
  const auto child = fork();
  if (child == 0) {
    MemoryCount same(Descriptor(dup(count.file())), 1);
    _exit(same.take(number, 0, 900, limit_in_test) ? 0 : 1);  // and dies with it
  }
  int status = 1;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(count.taken(0), 900U);
  count.leave(number);
  EXPECT_EQ(count.taken(0), 0U);
  EXPECT_EQ(count.enter(), number) << "the number is free again";
}

TEST(MemoryCount, OutlivesWhateverAProcessWritesThere) {
  MemoryCount count(1);
  const auto number = count.enter();
  count.give_back(number, 0, 1);  // less than nothing
  EXPECT_EQ(count.taken(0), UINT64_MAX);
  EXPECT_FALSE(count.take(count.enter(), 0, 1, limit_in_test));
  EXPECT_NE(ftruncate(count.file(), 0), 0) << "which would end who looks";
  count.leave(number);
  EXPECT_EQ(count.taken(0), 0U);
}

TEST(MemoryCount, HasNumbersForAThousandClients) {
  MemoryCount count(1);
  std::set<std::size_t> numbers;
  for (std::size_t i = 0; i < MemoryCount::most_processes; ++i) numbers.insert(count.enter());
  EXPECT_EQ(numbers.size(), MemoryCount::most_processes);
  EXPECT_THROW(count.enter(), std::runtime_error);
}

}  // namespace
}  // namespace berth
