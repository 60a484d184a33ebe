/// What a caller says besides what it wants done: how to end the work, and where warnings go.
#pragma once

#include <stop_token>
#include <string_view>
#include <utility>

#include "berth/log.h"

namespace berth {

struct CallContext {
  std::stop_token stop = {};  ///< requested where the caller wants an end
  LogCallback log = {};

  CallContext(std::stop_token stop_token = {}, LogCallback callback = {})
      : stop(std::move(stop_token)), log(std::move(callback)) {}

  /// The same, but warnings go to `own` where that is set: the log that a component was made with wins.
  CallContext logging_to(const LogCallback& own) const { return own ? CallContext(stop, own) : *this; }

  /// Throws Cancelled, naming `what`, where the caller wants an end.
  void throw_if_stopped(std::string_view what) const {
    if (stop.stop_requested()) throw_cancelled(what);
  }

 private:
  [[noreturn]] static void throw_cancelled(std::string_view what);
};

}  // namespace berth
