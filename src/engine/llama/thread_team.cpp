#include "engine/llama/thread_team.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <system_error>
#include <utility>

namespace berth::llama {
namespace {

constexpr int looks_at_meeting = 1000;  // 10 to 40 us
constexpr int looks_for_call = 10'000;  // about the time between two tokens
// So long a thread is waited for that lost its core to another program. Threads that sleep at once come back to a core sooner than
// those that spin, so all do that for some meetings, and for more where it happens again soon.
constexpr auto long_wait = std::chrono::milliseconds(1);
constexpr int shortest_nap = 256;
constexpr int longest_nap = 2048;

constexpr unsigned size_bits = 12;
constexpr std::uint32_t most_threads = (1U << size_bits) - 1;
constexpr std::uint32_t no_call = 0;  // before the first one, and after the last one

/// What a thread is to the team that it works in.
struct Member {
  ThreadTeam* team = nullptr;
  unsigned index = 0;
  unsigned size = 1;
  unsigned firsts = 0;  // how often it asked whether it is the first
};
thread_local Member member;

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void Gate::write(std::uint32_t number) {
  number_.store(number, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) > 0)
    syscall(SYS_futex, &number_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

bool Gate::changes_within(int looks, std::uint32_t number) const {
  for (int i = 0; i < looks; ++i) {
    if (read() != number) return true;
    relax();
  }
  return false;
}

void Gate::sleep_while(std::uint32_t number) {
  sleepers_.fetch_add(1, std::memory_order_seq_cst);  // before the kernel compares
  while (read() == number) syscall(SYS_futex, &number_, FUTEX_WAIT_PRIVATE, number, nullptr, nullptr, 0);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

ThreadTeam::~ThreadTeam() {
  leave_threads_of_parent();
  call_.write(no_call);
  for (auto& thread : threads_) thread.join();
}

void ThreadTeam::run(Work* work, void* data, unsigned threads) {
  if (threads > 1 && member.team == nullptr) {
    leave_threads_of_parent();
    grow(std::min(threads, most_threads));
  }
  const auto there = static_cast<unsigned>(threads_.size()) + 1;
  if (threads <= 1 || member.team != nullptr || there == 1) {
    const auto outer = std::exchange(member, Member{.team = this});
    work(data);
    member = outer;
    return;
  }
  work_ = work;
  data_ = data;
  size_ = std::min(threads, there);
  firsts_.store(0, std::memory_order_relaxed);
  const auto count = (call_.read() >> size_bits) + 1;
  call_.write(count << size_bits | size_);
  work_as(0);
}

/// A child process has a copy of this and none of its threads.
void ThreadTeam::leave_threads_of_parent() {
  const auto process = getpid();
  if (std::exchange(process_, process) == process) return;
  for (auto& thread : threads_) thread.detach();
  threads_.clear();
}

void ThreadTeam::grow(unsigned threads) {
  const auto call = call_.read();
  try {
    while (threads_.size() + 1 < threads)
      threads_.emplace_back(&ThreadTeam::serve, this, static_cast<unsigned>(threads_.size()) + 1, call);
  } catch (const std::system_error&) {  // the system has no more
  }
}

/// One of the threads, until the team ends: takes part in each call after `call` that wants as many.
void ThreadTeam::serve(unsigned index, std::uint32_t call) {
  for (;;) {
    if (meetings_to_sleep_at_.load(std::memory_order_relaxed) > 0 || !call_.changes_within(looks_for_call, call))
      call_.sleep_while(call);
    call = call_.read();
    if (call == no_call) return;
    if (index < (call & most_threads)) work_as(index);
  }
}

void ThreadTeam::work_as(unsigned index) {
  member = {.team = this, .index = index, .size = size_};
  work_(data_);
  member = {};
  wait_for_all();
}

void ThreadTeam::wait_for_all() {
  const auto meeting = meeting_.read();
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    choose_how_to_wait();
    meeting_.write(meeting + 1);
    return;
  }
  if (meetings_to_sleep_at_.load(std::memory_order_relaxed) == 0 && meeting_.changes_within(looks_at_meeting, meeting))
    return;
  const auto begin = std::chrono::steady_clock::now();
  meeting_.sleep_while(meeting);
  if (std::chrono::steady_clock::now() - begin >= long_wait) waited_long_.store(true, std::memory_order_relaxed);
}

/// For the last thread at a meeting.
void ThreadTeam::choose_how_to_wait() {
  const bool waited_long = waited_long_.exchange(false, std::memory_order_relaxed);
  if (const auto left = meetings_to_sleep_at_.load(std::memory_order_relaxed); left > 0) {
    meetings_to_sleep_at_.store(left - 1, std::memory_order_relaxed);
    meetings_since_ = 0;
  } else if (waited_long) {
    nap_ = meetings_since_ < shortest_nap ? std::clamp(2 * nap_, shortest_nap, longest_nap) : shortest_nap;
    meetings_to_sleep_at_.store(nap_, std::memory_order_relaxed);
  } else if (meetings_since_ < shortest_nap) {
    ++meetings_since_;
  }
}

unsigned ThreadTeam::size() { return member.size; }

unsigned ThreadTeam::index() { return member.index; }

void ThreadTeam::meet() {
  if (member.size > 1) member.team->wait_for_all();
}

bool ThreadTeam::is_first() {
  if (member.size <= 1) return true;
  auto asked_before = member.firsts++;
  return member.team->firsts_.compare_exchange_strong(asked_before, asked_before + 1, std::memory_order_relaxed);
}

}  // namespace berth::llama
