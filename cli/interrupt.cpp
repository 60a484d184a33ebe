#include "interrupt.h"

#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "failure.h"

namespace berth::cli {
namespace {

// A handler can reach nothing but globals; of what POSIX allows in it, sem_post is what wakes a thread.
sem_t came;
std::atomic<int> which = 0;
std::atomic<bool> over = false;
static_assert(std::atomic<int>::is_always_lock_free);

void remember(int signal) {
  const int error = errno;
  which = signal;
  sem_post(&came);
  errno = error;
}

struct sigaction take_over(int signal) {
  struct sigaction before = {};
  sigaction(signal, nullptr, &before);
  if (before.sa_handler == SIG_IGN) return before;
  struct sigaction mine = {};
  mine.sa_handler = remember;
  mine.sa_flags =
      static_cast<int>(SA_RESETHAND | SA_RESTART);  // a second one meets the default, which ends the process
  sigemptyset(&mine.sa_mask);
  sigaction(signal, &mine, nullptr);
  return before;
}

}  // namespace

Interrupt::Interrupt() {
  sem_init(&came, 0, 0);
  which = 0;
  over = false;
  watcher_ = std::thread([this] {
    while (sem_wait(&came) != 0) {
    }
    if (!over) source_.request_stop();
  });
  before_int_ = take_over(SIGINT);
  before_term_ = take_over(SIGTERM);
}

Interrupt::~Interrupt() {
  give_back();
  over = true;
  sem_post(&came);
  watcher_.join();
}

void Interrupt::give_back() {
  if (std::exchange(is_given_back_, true)) return;
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
}

int Interrupt::signal() const { return which; }

void Interrupt::check() const {
  if (which != 0) throw Interrupted(which);
}

}  // namespace berth::cli
