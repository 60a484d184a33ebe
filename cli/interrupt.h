/// Ctrl-C as a request to stop.
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace berth::cli {

/// As long as it lives, the first SIGINT or SIGTERM requests a stop, and a second one ends the process at once. A signal
/// that the process was started to ignore stays ignored. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  /// Signals act as before from now on. What came until then is still told, so that none is lost in between.
  void give_back();
  /// The signal that came, or 0.
  int signal() const;
  /// Throws Interrupted where a signal came.
  void check() const;

 private:
  std::stop_source source_;
  struct sigaction before_int_ = {};
  struct sigaction before_term_ = {};
  bool is_given_back_ = false;
  std::thread watcher_;
};

}  // namespace berth::cli
