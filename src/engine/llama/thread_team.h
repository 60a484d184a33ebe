/// The threads that ggml computes with on the CPU. They meet some hundred times for each token.
///
/// libgomp's threads spin for milliseconds before they sleep. Where other programs run, that keeps from its core the very
/// thread that is waited for, and a token takes ten times as long. These spin only as long as a meeting takes when each
/// thread has a core.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace berth::llama {

/// A number that threads wait for to change. They sleep at once: to yield would give their core to another program for milliseconds.
class Gate {
 public:
  std::uint32_t read() const { return number_.load(std::memory_order_acquire); }
  void write(std::uint32_t number);
  /// Whether it is another one than `number` before so many looks at it.
  bool changes_within(int looks, std::uint32_t number) const;
  void sleep_while(std::uint32_t number);

 private:
  std::atomic<std::uint32_t> number_ = 0;
  std::atomic<std::uint32_t> sleepers_ = 0;
};

/// A thread that calls run() is part of the team. One call at a time.
class ThreadTeam {
 public:
  using Work = void(void*);

  ThreadTeam() = default;
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  /// Does the work on `threads` threads at the same time, fewer where the system has no more, and waits for all of them.
  /// Within the work of a team it is done on the calling thread alone.
  void run(Work* work, void* data, unsigned threads);

  /// What follows is for the work itself; outside of any the calling thread is alone.
  static unsigned size();
  static unsigned index();  ///< from 0
  /// Waits until each thread of the team is here.
  static void meet();
  /// Whether the calling thread is the first that comes here; all have to call it equally often.
  static bool is_first();

 private:
  void leave_threads_of_parent();
  void grow(unsigned threads);
  void serve(unsigned index, std::uint32_t call);
  void work_as(unsigned index);
  void wait_for_all();
  void choose_how_to_wait();

  std::vector<std::thread> threads_;  // the calling one is not among them
  int process_ = 0;                   // that they are in
  Work* work_ = nullptr;
  void* data_ = nullptr;
  unsigned size_ = 0;
  std::atomic<unsigned> firsts_ = 0;
  alignas(64) Gate call_;  // grows with each call; its lower bits: how many threads work
  alignas(64) std::atomic<unsigned> arrived_ = 0;
  alignas(64) Gate meeting_;  // grows with each meeting
  std::atomic<bool> waited_long_ = false;
  std::atomic<int> meetings_to_sleep_at_ = 0;
  int meetings_since_ = 0;  // that the threads slept at; what follows is for the last one at a meeting
  int nap_ = 0;             // how many meetings they slept at
};

}  // namespace berth::llama
