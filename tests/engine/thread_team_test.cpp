#ifdef __linux__
#include "engine/llama/thread_team.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

namespace berth::llama {
namespace {

template <class Work>
void run(ThreadTeam& team, unsigned threads, Work work) {
  team.run([](void* data) { (*static_cast<Work*>(data))(); }, &work, threads);
}

TEST(ThreadTeam, EachThreadWorksOnceUnderItsNumber) {
  ThreadTeam team;
  for (const unsigned threads : {1U, 2U, 5U, 3U, 5U, 1U, 8U}) {
    std::vector<std::atomic<int>> worked(threads);
    run(team, threads, [&] {
      EXPECT_EQ(ThreadTeam::size(), threads);
      ++worked.at(ThreadTeam::index());
    });
    for (const auto& times : worked) EXPECT_EQ(times, 1);
  }
}

// As in a graph: each thread adds up what all of them wrote before the last meeting.
TEST(ThreadTeam, SeesAfterAMeetingWhatAllDidBefore) {
  ThreadTeam team;
  for (const unsigned threads : {2U, 3U, 7U}) {
    std::vector<unsigned> numbers(threads, 1);
    unsigned wrong = 0;
    run(team, threads, [&] {
      for (unsigned round = 0; round < 500; ++round) {
        const auto sum = std::accumulate(numbers.begin(), numbers.end(), 0U);
        ThreadTeam::meet();
        numbers[ThreadTeam::index()] = round + ThreadTeam::index();
        ThreadTeam::meet();
        const auto expected = round == 0 ? threads : threads * (round - 1) + threads * (threads - 1) / 2;
        if (ThreadTeam::index() == round % threads && sum != expected) ++wrong;
      }
    });
    EXPECT_EQ(wrong, 0U) << threads;
  }
}

TEST(ThreadTeam, OneThreadIsTheFirstEachTime) {
  ThreadTeam team;
  std::vector<std::atomic<int>> firsts(200);
  for (int call = 1; call <= 3; ++call) {
    run(team, 4, [&] {
      for (auto& first : firsts)
        if (ThreadTeam::is_first()) ++first;
    });
    for (const auto& first : firsts) EXPECT_EQ(first, call);
  }
}

TEST(ThreadTeam, OutsideAndWithinWorkAThreadIsAlone) {
  ThreadTeam team;
  ThreadTeam::meet();
  EXPECT_TRUE(ThreadTeam::is_first());
  EXPECT_EQ(ThreadTeam::size(), 1U);
  std::atomic<int> within = 0;
  run(team, 3, [&] {
    const auto index = ThreadTeam::index();
    ThreadTeam::meet();
    run(team, 3, [&] {
      EXPECT_EQ(ThreadTeam::size(), 1U);
      EXPECT_EQ(ThreadTeam::index(), 0U);
      EXPECT_TRUE(ThreadTeam::is_first());
      ThreadTeam::meet();
      ++within;
    });
    EXPECT_EQ(ThreadTeam::size(), 3U);
    EXPECT_EQ(ThreadTeam::index(), index);
    ThreadTeam::meet();
  });
  EXPECT_EQ(within, 3);
}

// More threads than cores, so that they sleep at meetings and are woken.
TEST(ThreadTeam, SeveralWorkBesideEachOther) {
  std::vector<std::thread> callers;
  std::atomic<unsigned> meetings = 0;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      ThreadTeam team;
      for (int call = 0; call < 20; ++call) {
        run(team, 4, [&] {
          for (int i = 0; i < 20; ++i) {
            ThreadTeam::meet();
            ++meetings;
          }
        });
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(meetings, 4U * 20 * 4 * 20);
}

TEST(ThreadTeam, OfAForkedProcessHasThreadsOfItsOwnAndEnds) {
  auto* team = new ThreadTeam;
  const auto worked = [team] {
    std::atomic<int> threads = 0;
    run(*team, 3, [&] { ++threads; });
    return threads == 3;
  };
  EXPECT_TRUE(worked());
  const auto child = fork();
  if (child == 0) {
    alarm(20);
    const bool fine = worked();
    delete team;
    _exit(fine ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(worked());
  delete team;
}

}  // namespace
}  // namespace berth::llama
#endif
